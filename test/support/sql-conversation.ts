/** Listens to what MikroORM says to a database, and keeps its outline: `begin`, `insert core_users`, `commit`. */
export class SqlConversation {
  private readonly statements: string[] = [];

  /** What to pass through to MikroORM. */
  readonly mikroOrm = {
    debug: ['query' as const],
    colors: false,
    logger: (message: string): void => {
      const statement = outline(message);
      if (statement) this.statements.push(statement);
    },
  };

  /** Forgets what was said until now. */
  begin(): void {
    this.statements.length = 0;
  }

  /** What was said since. */
  get said(): readonly string[] {
    return [...this.statements];
  }
}

function outline(message: string): string | undefined {
  const sql = message.replace(/^\[query(?:-params)?\] /, '').toLowerCase();
  const verb = /^(begin|commit|rollback to savepoint|rollback|savepoint|release savepoint|insert|update|delete|select)/.exec(
    sql,
  )?.[0];
  if (verb === undefined) return undefined;
  const table = /(?:into|update|from) ["`]?(\w+)["`]?/.exec(sql)?.[1];
  return table === undefined ? verb : `${verb} ${table}`;
}
