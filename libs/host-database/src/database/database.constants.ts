/** Injection token of the {@link DatabaseModuleOptions}. */
export const DATABASE_OPTIONS = Symbol('nestjs-host-database:database-options');

/** Injection token of the {@link DatabaseSettings} of the host database. */
export const DATABASE_SETTINGS = Symbol('nestjs-host-database:database-settings');

/** Injected by what needs the host's tables: it is resolved only after they are migrated. */
export const HOST_SCHEMA = Symbol('nestjs-host-database:host-schema');

/** The library's own connection to the host database, beside the ORM's. */
export const DIRECT_CONNECTION = Symbol('nestjs-host-database:direct-connection');
