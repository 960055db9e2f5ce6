/** How the messages of a handler are let in. */
export interface TenantMessageOptions {
  /**
   * Whether the user that a service's message names has to be a member of its tenant. `trusted`: the service that sent it has asked. For a
   * websocket it is always asked.
   *
   * @default 'trusted'
   */
  readonly membership?: 'trusted' | 'required';
}

/** Key of the metadata that `@TenantMessage()` writes. */
export const TENANT_MESSAGE_METADATA = 'nestjs-host-database:tenant-message';
