import type { PostgresqlQuery } from '../../src/database/index.js';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

/** How PostgreSQL has run a statement. */
export interface QueryPlan {
  /** The tables that were read from their beginning to their end. */
  readonly scannedTables: ReadonlySet<string>;
  readonly indexes: ReadonlySet<string>;
  /** Pages that were looked at. */
  readonly buffers: number;
  /** Rows that were read and thrown away. */
  readonly discardedRows: number;
}

/** Runs a statement and tells how. */
export async function explain(query: PostgresqlQuery, sql: string, parameters: readonly unknown[]): Promise<QueryPlan> {
  const [row] = await query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(`explain (analyze, buffers, format json) ${sql}`, parameters);
  const root = row?.['QUERY PLAN'][0]?.Plan;
  if (!root) throw new Error('PostgreSQL has not explained the statement.');
  const nodes = flatten(root);
  return {
    scannedTables: new Set(
      nodes.filter((node) => node['Node Type'] === 'Seq Scan').flatMap((node) => node['Relation Name'] ?? []),
    ),
    indexes: new Set(nodes.flatMap((node) => node['Index Name'] ?? [])),
    buffers: root['Shared Hit Blocks'] + root['Shared Read Blocks'],
    discardedRows: nodes.reduce((sum, node) => sum + discardedBy(node), 0),
  };
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap((each) => flatten(each))];
}

function discardedBy(node: PlanNode): number {
  const perLoop =
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Join Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0);
  return perLoop * node['Actual Loops'];
}
