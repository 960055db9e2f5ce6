/** Where the data of tenants that are to be deleted is exported to: a directory, an object store. */
export interface TenantExportSink {
  /**
   * Keeps a file of a tenant's export, in the place of an earlier one of this name. Resolves once it is durable; a file whose chunks end
   * with an error may not be kept.
   */
  write(tenantId: string, name: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Reads a file back, so that it can be verified before the data is removed. */
  read(tenantId: string, name: string): AsyncIterable<Uint8Array>;
}
