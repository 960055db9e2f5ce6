/** What a form-encoded body says: text, lists and objects of it. */
export type FormValue = string | FormValue[] | { [key: string]: FormValue };
export type FormObject = { [key: string]: FormValue };

const INDEX = /^\d*$/;

/** Reads Stripe's form encoding: `items[0][price]=p`, `metadata[a]=b`, `expand[]=customer`. */
export function parseForm(text: string): FormObject {
  const root: Node = { children: new Map() };
  for (const [key, value] of new URLSearchParams(text)) {
    const steps = [key.split('[', 1)[0] ?? '', ...[...key.matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? '')];
    let node = root;
    for (const step of steps) {
      // expand[]=a&expand[]=b: each is one more.
      const name = step === '' ? String(node.children.size) : step;
      const child = node.children.get(name) ?? { children: new Map() };
      node.children.set(name, child);
      node = child;
    }
    node.text = value;
  }
  return objectOf(root);
}

interface Node {
  readonly children: Map<string, Node>;
  text?: string;
}

function objectOf(node: Node): FormObject {
  return Object.fromEntries([...node.children].map(([key, child]) => [key, valueOf(child)]));
}

function valueOf(node: Node): FormValue {
  if (node.children.size === 0) return node.text ?? '';
  const keys = [...node.children.keys()];
  if (!keys.every((key) => INDEX.test(key))) return objectOf(node);
  return keys.toSorted((a, b) => Number(a) - Number(b)).map((key) => valueOf(node.children.get(key)!));
}
