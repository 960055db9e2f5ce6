/** What refuses, by an error, what a query builder of one tenant may not be given. */
export interface QueryBuilderGuard {
  /** Looks at the schema that is asked for; undefined where none is. */
  readonly schema: (schema: string | undefined) => void;
  /** Looks at the data that are to be written. */
  readonly data: (data: unknown) => void;
}

/** The methods of MikroORM's query builder that are guarded. All kinds of joins end in `joinReference`. */
interface GuardedMethods {
  withSchema(schema?: string): unknown;
  joinReference(...args: [...JoinArguments, schema?: string, subquery?: string]): unknown;
  insert(data: unknown): unknown;
  update(data: unknown): unknown;
  clone(...args: unknown[]): object;
}
type JoinArguments = [field: unknown, alias: string, condition: unknown, type: unknown, path?: string];

/**
 * Has a query builder, and whatever is cloned from it, refuse what `guard` refuses. On the instance: MikroORM makes its builders, and
 * clones of them, of its own class whatever class it is asked on.
 */
export function guardQueryBuilder<T extends object>(given: T, guard: QueryBuilderGuard): T {
  const builder = given as GuardedMethods;
  const withSchema = builder.withSchema.bind(builder);
  const joinReference = builder.joinReference.bind(builder);
  const clone = builder.clone.bind(builder);
  builder.withSchema = (schema) => {
    guard.schema(schema);
    return withSchema(schema);
  };
  builder.joinReference = (...args) => {
    guard.schema(args[5]);
    return joinReference(...args);
  };
  builder.clone = (...args) => guardQueryBuilder(clone(...args), guard);
  for (const verb of ['insert', 'update'] as const) {
    const write = builder[verb].bind(builder);
    builder[verb] = (data) => {
      guard.data(data);
      return write(data);
    };
  }
  return given;
}
