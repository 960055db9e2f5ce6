import type { FormObject, FormValue } from './form-body.js';
import { parameterInvalid, parameterMissing, parameterUnknown } from './refusals.js';

/** The parameters of a request, or a part of them: read by what they have to be, and refused as Stripe would. */
export class Params {
  constructor(
    private readonly values: FormObject,
    private readonly path = '',
  ) {}

  /** Refuses every parameter but these. `expand` is always known. */
  only(...known: readonly string[]): this {
    const unknown = Object.keys(this.values).find((key) => key !== 'expand' && !known.includes(key));
    if (unknown !== undefined) throw parameterUnknown(this.nameOf(unknown));
    return this;
  }

  has(key: string): boolean {
    return this.values[key] !== undefined;
  }

  /** Whether it is there and empty: how a value is taken away. */
  isCleared(key: string): boolean {
    return this.values[key] === '';
  }

  text(key: string): string | undefined {
    const value = this.values[key];
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string') throw parameterInvalid(this.nameOf(key), 'must be a string');
    return value;
  }

  requiredText(key: string): string {
    const value = this.text(key);
    if (value === undefined) throw parameterMissing(this.nameOf(key));
    return value;
  }

  oneOf<const T extends string>(key: string, values: readonly T[]): T | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    const known = values.find((one) => one === value);
    if (known === undefined) throw parameterInvalid(this.nameOf(key), `must be one of ${values.join(', ')}`);
    return known;
  }

  integer(key: string): number | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    if (!/^-?\d+$/.test(value)) throw parameterInvalid(this.nameOf(key), 'must be an integer', 'parameter_invalid_integer');
    return Number(value);
  }

  number(key: string): number | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!Number.isFinite(number)) throw parameterInvalid(this.nameOf(key), 'must be a number');
    return number;
  }

  requiredInteger(key: string): number {
    const value = this.integer(key);
    if (value === undefined) throw parameterMissing(this.nameOf(key));
    return value;
  }

  flag(key: string): boolean | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    if (value !== 'true' && value !== 'false') throw parameterInvalid(this.nameOf(key), 'must be true or false');
    return value === 'true';
  }

  /** A part with parameters of its own. */
  part(key: string): Params | undefined {
    const value = this.values[key];
    if (value === undefined || value === '') return undefined;
    if (!isObject(value)) throw parameterInvalid(this.nameOf(key), 'must be an object');
    return new Params(value, this.nameOf(key));
  }

  /** A list of such parts. */
  parts(key: string): Params[] | undefined {
    const value = this.values[key];
    if (value === undefined || value === '') return undefined;
    if (!Array.isArray(value)) throw parameterInvalid(this.nameOf(key), 'must be an array');
    return value.map((one, index) => {
      if (!isObject(one)) throw parameterInvalid(`${this.nameOf(key)}[${index}]`, 'must be an object');
      return new Params(one, `${this.nameOf(key)}[${index}]`);
    });
  }

  texts(key: string): string[] | undefined {
    const value = this.values[key];
    if (value === undefined || value === '') return undefined;
    if (!Array.isArray(value)) throw parameterInvalid(this.nameOf(key), 'must be an array');
    return value.map((one, index) => textOf(one, `${this.nameOf(key)}[${index}]`));
  }

  /** Metadata as it is after this: an empty value takes one key away, an empty whole all of them. */
  metadata(before: Readonly<Record<string, string>> = {}, key = 'metadata'): Record<string, string> {
    const value = this.values[key];
    if (value === undefined) return { ...before };
    if (value === '') return {};
    if (!isObject(value)) throw parameterInvalid(this.nameOf(key), 'must be an object');
    const after = {
      ...before,
      ...Object.fromEntries(Object.entries(value).map(([name, one]) => [name, textOf(one, `${this.nameOf(key)}[${name}]`)])),
    };
    return Object.fromEntries(Object.entries(after).filter(([, one]) => one !== ''));
  }

  /** The name of a parameter, from the whole request's point of view: `items[0][price]`. */
  nameOf(key: string): string {
    return this.path === '' ? key : `${this.path}[${key}]`;
  }

  toJSON(): FormObject {
    return this.values;
  }
}

function textOf(value: FormValue, name: string): string {
  if (typeof value !== 'string') throw parameterInvalid(name, 'must be a string');
  return value;
}

function isObject(value: FormValue): value is FormObject {
  return typeof value === 'object' && !Array.isArray(value);
}
