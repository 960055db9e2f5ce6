import type { IsolationProbe, ProbeVisitor } from './isolation-probe.js';

type Headers = Readonly<Record<string, string>>;

/** What a visitor sends in their own tenant. */
export function ownHeaders({ tenantHeaders }: IsolationProbe, visitor: ProbeVisitor): Headers {
  return { ...visitor.headers, ...tenantHeaders?.(visitor) };
}

/** What one sends who signs in as themselves and says the other's tenant; undefined where no header says one. */
export function headersInto({ tenantHeaders }: IsolationProbe, mine: ProbeVisitor, other: ProbeVisitor): Headers | undefined {
  const swapped = Object.entries(mine.headers).map(
    ([name, value]) => [name, value.replaceAll(mine.tenantId, other.tenantId)] as const,
  );
  const says = tenantHeaders !== undefined || swapped.some(([name, value]) => value !== mine.headers[name]);
  return says ? { ...Object.fromEntries(swapped), ...tenantHeaders?.(other) } : undefined;
}

/** What nobody sends who says this tenant; undefined where no header says one. */
export function headersOfNobody({ tenantHeaders }: IsolationProbe, other: ProbeVisitor): Headers | undefined {
  // A header with more in it than the tenant may be what signs the visitor in.
  const bare = Object.entries(other.headers).filter(([, value]) => value === other.tenantId);
  return tenantHeaders || bare.length > 0 ? { ...Object.fromEntries(bare), ...tenantHeaders?.(other) } : undefined;
}
