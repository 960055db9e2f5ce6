import { HostDatabaseError } from '../common/index.js';

/** Tenant data was asked for where no tenant is bound. Nothing was read or written. */
export class NoTenantError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_NO_TENANT';

  constructor() {
    super(
      'No tenant is bound here. Wrap the work in tenantDatabases.run(tenantId, () => ...), or give the route a tenant with @TenantScoped().',
    );
  }
}

/** An EntityManager or entity of one tenant was used outside its run(). Nothing was read or written. */
export class TenantRunEndedError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_RUN_ENDED';

  constructor(readonly tenantId: string) {
    super(
      `An EntityManager of tenant ${tenantId} was used outside its run(). Await everything inside the callback, and inject the tenant's ` +
        'EntityManager instead of keeping one.',
    );
  }
}

/** A run() for one tenant was begun inside that of another. Nothing was read or written. */
export class TenantSwitchError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_SWITCH';

  constructor(
    readonly fromTenantId: string,
    readonly toTenantId: string,
  ) {
    super(
      `Tenant ${toTenantId} cannot be entered inside the run() of tenant ${fromTenantId}. Let that end first, and carry plain values over.`,
    );
  }
}

/** An entity of one tenant was persisted, merged, removed or referenced in another. Nothing of that flush was written. */
export class WrongTenantError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_WRONG_TENANT';

  constructor(
    readonly entityName: string,
    readonly ownerTenantId: string,
    readonly usedInTenantId: string,
  ) {
    super(
      `A ${entityName} of tenant ${ownerTenantId} was used in tenant ${usedInTenantId}. Copy plain values instead of handing the entity over.`,
    );
  }
}

/** There was no room for the database of one more tenant in this process. Nothing was read or written. */
export class TenantCapacityError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_CAPACITY';
  /** How long the caller has waited; 0 when it was turned away at once. */
  readonly waitedMs: number;
  readonly maxOpen: number;
  readonly maxConnections: number;

  constructor(
    readonly tenantId: string,
    {
      waitedMs,
      maxOpen,
      maxConnections,
    }: { readonly waitedMs: number; readonly maxOpen: number; readonly maxConnections: number },
  ) {
    super(
      `There is no room for the database of tenant ${tenantId}, after a wait of ${waitedMs} ms: all that may be open (${maxOpen} databases, ` +
        `${maxConnections} connections) is in use. Ask again later, or raise tenantDatabases.maxOpen or maxConnections.`,
    );
    this.waitedMs = waitedMs;
    this.maxOpen = maxOpen;
    this.maxConnections = maxConnections;
  }
}

/** A tenant lives, or is to live, on a server that is not among the configured ones. Nothing was opened. */
export class TenantServerUnknownError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_SERVER_UNKNOWN';

  constructor(
    readonly server: string,
    readonly tenantId: string,
  ) {
    super(
      `Tenant ${tenantId} is on the server ${server}, which is not configured. Name it in tenantDatabases.placement.servers; ` +
        'with acceptsNew: false it keeps its tenants and gets no others.',
    );
  }
}

/** A tenant that lives in a schema cannot be kept in it. Nothing was read or written. */
export class TenantSchemaError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_SCHEMA';
  /** The entity that names a schema itself. */
  readonly entityName: string | undefined;
  /** The schema in which statements would have landed. */
  readonly found: string | undefined;

  constructor(
    readonly schema: string,
    { entityName, found }: { readonly entityName?: string | undefined; readonly found?: string | undefined },
  ) {
    super(
      entityName === undefined
        ? `Connections to the schema ${schema} land in ${found ?? 'none'}. See that the schema exists, that its user may enter it, and that ` +
            "a proxy in between hands on the parameter `options`, or set the role's search_path."
        : `The entity ${entityName} names a schema of its own, but the tenant lives in ${schema}. Leave the schema of the entity out.`,
    );
    this.entityName = entityName;
    this.found = found;
  }
}

/** Why there is no place for a tenant. */
export type TenantPlacementReason = 'no-server' | 'no-schemas' | 'not-made-here';

const PLACEMENT_ADVICE: Readonly<Record<TenantPlacementReason, string>> = {
  'no-server': 'none of tenantDatabases.placement.servers takes new tenants. Let one accept them, or add another.',
  'no-schemas': `SQLite has no schemas. Use the mode 'database'.`,
  'not-made-here': 'the library makes and removes only its own, on the configured servers. Do that where the place was made.',
};

/** There is no place for a tenant as it was asked for. Nothing was made or removed. */
export class TenantPlacementError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_NO_PLACE';

  constructor(
    /** The tenant, or the database that was meant. */
    readonly subject: string,
    readonly reason: TenantPlacementReason,
  ) {
    super(`There is no place for ${subject}: ${PLACEMENT_ADVICE[reason]}`);
  }
}

/** Tenant data was asked for while the application shuts down. Nothing was read or written. */
export class TenantDatabasesClosedError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_CLOSED';

  constructor() {
    super('The application is shutting down, and the databases of its tenants are closed. Ask another process.');
  }
}
