import { dirname, resolve } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InvalidOptionError } from '../../common/index.js';
import {
  DATABASE_OPTIONS,
  DATABASE_SETTINGS,
  type DatabaseModuleOptions,
  DatabaseSettings,
  dialectOf,
  type MikroOrmPassThrough,
} from '../../database/index.js';
import { TenantServerUnknownError } from '../tenant-databases.errors.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import { assertServersOf, HOST_SERVER, SCHEMA_DATABASE_SUFFIX, type TenantServerOptions } from './placement.options.js';
import { TenantServer } from './tenant-server.js';

/** The servers that tenants may live on. */
@Injectable()
export class TenantServers implements OnModuleInit {
  private readonly servers = new Map<string, TenantServer>();

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    @Inject(DATABASE_OPTIONS) private readonly host: DatabaseModuleOptions,
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
  ) {}

  /** @throws InvalidOptionError naming the option that does not agree with the host database, or with another server */
  onModuleInit(): void {
    const { placement } = this.options;
    assertServersOf(this.hostSettings.type, placement);
    const { servers = {} } = placement;
    for (const [name, server] of Object.entries(servers)) this.servers.set(name, this.serverOf(name, server));
    // Tenants from before there were others live there.
    if (!this.servers.has(HOST_SERVER)) this.servers.set(HOST_SERVER, this.serverOf(HOST_SERVER, { acceptsNew: false }));
    this.assertTheyDiffer();
  }

  /** In the order of the options. */
  get all(): readonly TenantServer[] {
    return [...this.servers.values()];
  }

  /** @throws TenantServerUnknownError when none of this name is configured */
  named(name: string, tenantId: string): TenantServer {
    const server = this.servers.get(name);
    if (!server) throw new TenantServerUnknownError(name, tenantId);
    return server;
  }

  /** The server that an address leads to; undefined where it is none of them. */
  at(address: string): TenantServer | undefined {
    const host = this.servers.get(HOST_SERVER);
    return this.besideHost(address) ?? (host && this.isAt(host, address) ? host : undefined);
  }

  /** As {@link at}, but for `host`. An entry of its own for the host's server has its own administrator. */
  besideHost(address: string): TenantServer | undefined {
    return this.all.find((server) => server.name !== HOST_SERVER && this.isAt(server, address));
  }

  private isAt(server: TenantServer, address: string): boolean {
    const place = this.hostSettings.forTenant(address, {});
    return place.type === 'sqlite' ? server.directory === dirname(place.name) : server.settings.isSameServer(place);
  }

  /** Where an address leads to, with the administrator's credentials where it has none and the server is known, else the host's. */
  settingsOf(address: string, pool = this.options.pool): DatabaseSettings {
    return (this.at(address)?.settings ?? this.hostSettings).forTenant(address, pool);
  }

  /** The same place, as its administrator reaches it. */
  administratorOf(address: string): DatabaseSettings {
    const { name, schema } = this.settingsOf(address);
    return (this.at(address)?.settings ?? this.hostSettings).with({ name, schema, pool: this.options.pool });
  }

  private serverOf(name: string, options: TenantServerOptions): TenantServer {
    const { url, directory, schemaDatabase = `${this.hostSettings.name}${SCHEMA_DATABASE_SUFFIX}` } = options;
    const settings = url === undefined ? this.hostSettings : DatabaseSettings.from({ type: this.hostSettings.type, url });
    const administration = dialectOf(settings.type).administration({
      settings,
      connect: this.options.connect,
      driverOptions: this.driverOptions,
    });
    const where = resolve(directory ?? this.options.directory);
    return new TenantServer({ name, settings, administration, directory: where, options, schemaDatabase });
  }

  private get driverOptions(): MikroOrmPassThrough['driverOptions'] {
    return { ...this.host.database.mikroOrm?.driverOptions, ...this.options.mikroOrm?.driverOptions };
  }

  private assertTheyDiffer(): void {
    for (const one of this.all) {
      const twin = this.all.find((other) => {
        if (other === one || (this.hostSettings.type === 'postgresql' && [one.name, other.name].includes(HOST_SERVER)))
          return false;
        return this.hostSettings.type === 'sqlite'
          ? other.directory === one.directory
          : other.settings.isSameServer(one.settings);
      });
      if (!twin) continue;
      const problem = `is where ${twin.name} is. An address would not tell them apart: give each server one entry.`;
      throw new InvalidOptionError(`tenantDatabases.placement.servers.${one.name}`, problem);
    }
  }
}
