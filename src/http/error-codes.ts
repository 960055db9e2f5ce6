import type * as root from 'nestjs-host-database';
import type { HostDatabaseError } from 'nestjs-host-database';
import type * as access from 'nestjs-host-database/access';
import type * as audit from 'nestjs-host-database/audit';
import type * as billing from 'nestjs-host-database/billing';
import type * as jobs from 'nestjs-host-database/jobs';
import type * as memberships from 'nestjs-host-database/memberships';
import type * as tenantDatabases from 'nestjs-host-database/tenant-databases';
import type * as tenants from 'nestjs-host-database/tenants';
import type * as testing from 'nestjs-host-database/testing';
import type * as users from 'nestjs-host-database/users';
import type * as app from '../app.errors.js';
import type * as appAudit from '../audit/audit.errors.js';
import type * as auth from '../auth/auth.errors.js';
import type * as health from '../health/health.errors.js';
import type * as projects from '../projects/projects.errors.js';
import type * as workspaces from '../workspaces/workspaces.errors.js';
import type * as http from './http.errors.js';

/** The code of every error class that a module exports; the base class has none of its own. */
type CodesOf<Module> = {
  [Name in keyof Module]: Module[Name] extends abstract new (
    ...args: never[]
  ) => HostDatabaseError & { readonly code: infer Code extends string }
    ? string extends Code
      ? never
      : Code
    : never;
}[keyof Module];

/** The codes of all errors that the doors of the library export. */
type LibraryErrorCode =
  | CodesOf<typeof root>
  | CodesOf<typeof access>
  | CodesOf<typeof audit>
  | CodesOf<typeof billing>
  | CodesOf<typeof jobs>
  | CodesOf<typeof memberships>
  | CodesOf<typeof tenantDatabases>
  | CodesOf<typeof tenants>
  | CodesOf<typeof testing>
  | CodesOf<typeof users>;

/** The codes of the application's own errors. */
type AppErrorCode =
  | CodesOf<typeof app>
  | CodesOf<typeof appAudit>
  | CodesOf<typeof auth>
  | CodesOf<typeof health>
  | CodesOf<typeof http>
  | CodesOf<typeof projects>
  | CodesOf<typeof workspaces>;

/** Every code that can reach a client or the log. */
export type ErrorCode = LibraryErrorCode | AppErrorCode;
