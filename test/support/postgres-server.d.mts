/** A PostgreSQL of one's own. */
export interface PostgresServer {
  readonly url: string;
  /** Ends it at once, as a crash would. */
  crash(): Promise<void>;
  /** Starts it again after {@link crash}. */
  restart(): Promise<void>;
  /** Ends it for good and removes its files. */
  stop(): Promise<void>;
}

export declare function startPostgres(options?: { readonly durable?: boolean }): Promise<PostgresServer>;
