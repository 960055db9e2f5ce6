/** Why rows are kept although their time is over. */
export type PurgeReason =
  /** No anchor is configured, so that nothing outside of the database would tell what was removed. */
  | { readonly kind: 'no-anchor' }
  /** Rows wait for their checkpoint. */
  | { readonly kind: 'not-sealed'; readonly rows: number }
  /** An anchor does not have every checkpoint of the rows yet. */
  | { readonly kind: 'not-anchored'; readonly anchor: string; readonly checkpoints: number }
  /** Rows are not what their checkpoints say: verify the log first. */
  | { readonly kind: 'not-as-sealed'; readonly rows: number }
  /** Somebody holds them. */
  | { readonly kind: 'legal-hold'; readonly holdId: string; readonly tenantId: string | null }
  /** PostgreSQL: rows are in the default partition, for their month had none of its own when they were written. */
  | { readonly kind: 'outside-partitions'; readonly rows: number };
