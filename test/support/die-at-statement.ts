import type { HostDatabase } from 'nestjs-host-database';

/** Ends this process without warning at one of the statements that it sends to the database, `begin` and `commit` included. */
export interface DeathAtStatement {
  /** Counts the half steps from here: 0 is before the first statement, 1 after it, 2 before the second. Undefined spares the process. */
  comesAt(step: number | undefined): void;
  /** How many half steps there have been. */
  readonly taken: number;
}

type Method = (...parameters: unknown[]) => unknown;

/** Counts the statements of all connections of this process, those of the ORM and those beside it. */
export async function dieAtStatement(host: HostDatabase): Promise<DeathAtStatement> {
  let steps: number | undefined;
  let taken = 0;
  const step = () => {
    taken++;
    if (steps !== undefined && steps-- === 0) process.kill(process.pid, 'SIGKILL');
  };
  const [target, names] = methodsOf((await host.em.getConnection().getNativeClient()) as object);
  for (const name of names) {
    const original = target[name] as Method;
    target[name] = function (this: unknown, ...parameters) {
      step();
      const result = original.apply(this, parameters);
      if (result instanceof Promise) return result.finally(step);
      step();
      return result;
    };
  }
  return {
    comesAt: (at) => (steps = at),
    get taken() {
      return taken;
    },
  };
}

/** Where the drivers send statements: a client of `pg`, or a statement of better-sqlite3. */
function methodsOf(client: object): [Record<string, Method>, string[]] {
  if ('Client' in client) return [(client.Client as { prototype: Record<string, Method> }).prototype, ['query']];
  const statement = (client as { prepare(sql: string): object }).prepare('select 1');
  return [Object.getPrototypeOf(statement) as Record<string, Method>, ['run', 'all', 'get']];
}
