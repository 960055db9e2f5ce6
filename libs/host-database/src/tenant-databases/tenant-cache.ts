import { TenantKeys } from './tenant-keys.js';

/** A cache as most libraries have it: that of `@nestjs/cache-manager` and Keyv, for two. */
export interface KeyedCache {
  get<T>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown, ttlMs?: number): Promise<unknown>;
  del(key: string): Promise<unknown>;
}

/**
 * A cache of which each tenant sees its own part only: every key is that of the tenant which is bound at the call, and without one there is
 * no key. It has no way to clear the whole, which belongs to all tenants.
 *
 * @example
 * ```ts
 * { provide: TenantCache, inject: [TenantKeys, CACHE_MANAGER], useFactory: (keys, cache) => new TenantCache(keys, cache) }
 * ```
 */
export class TenantCache implements KeyedCache {
  constructor(
    private readonly keys: TenantKeys,
    private readonly cache: KeyedCache,
  ) {}

  /** @throws NoTenantError, TenantRunEndedError, as the other methods do */
  async get<T>(key: string): Promise<T | undefined> {
    return (await this.cache.get<T>(this.keys.of(key))) ?? undefined;
  }

  async set(key: string, value: unknown, ttlMs?: number): Promise<void> {
    await this.cache.set(this.keys.of(key), value, ttlMs);
  }

  async del(key: string): Promise<void> {
    await this.cache.del(this.keys.of(key));
  }
}
