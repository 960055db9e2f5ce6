import { Injectable } from '@nestjs/common';

/** The mistakes that the sample application can be made with, one at a time. */
export const LEAKS = [
  'memo-without-tenant',
  'last-tenant-in-a-field',
  'route-without-membership',
  'tenant-from-the-body',
  'public-route',
  'fallback-database',
  'job-without-tenant',
  'broadcast-stream',
  'public-cache-header',
  'index-of-all-tenants',
  'cache-key-without-tenant',
  'write-without-membership',
  'link-without-membership',
  'membership-without-check',
  'rename-without-membership',
  'name-without-membership',
  'name-for-everybody',
  'tenant-from-a-header',
  'tenant-from-a-public-slug',
] as const;

/** `version-noted` is no mistake: it does what entering a tenant may do. */
export type Leak = (typeof LEAKS)[number] | 'none' | 'version-noted';

/** Which mistake is made now. */
@Injectable()
export class Mistake {
  made: Leak = 'none';
  /** How often a version was noted. */
  notes = 0;

  is(leak: Leak): boolean {
    return this.made === leak;
  }
}
