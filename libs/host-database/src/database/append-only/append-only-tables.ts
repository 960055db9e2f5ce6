/** The tables of which the database itself refuses to change or remove a row. */
export const APPEND_ONLY_TABLES = [
  'sys_audit_logs',
  'sys_audit_checkpoints',
  'sys_audit_anchorings',
  'sys_audit_purges',
] as const;
