import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { jobHandlerMetadataOf } from './job-handler.decorator.js';
import { JobHandlersRegistry } from './job-handlers.registry.js';
import { JobTenantScope } from './job-tenant-scope.js';
import type { JobHandlerFunction } from './job-types.interface.js';

/** Finds the decorated methods of all providers when the application starts. */
@Injectable()
export class JobHandlersExplorer implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly registry: JobHandlersRegistry,
    private readonly tenants: JobTenantScope,
  ) {}

  onModuleInit(): void {
    for (const { instance, name } of this.discovery.getProviders()) {
      if (typeof instance !== 'object' || instance === null) continue;
      for (const method of this.scanner.getAllMethodNames(Object.getPrototypeOf(instance) as object)) {
        this.explore(instance as Record<string, JobHandlerFunction>, method, String(name));
      }
    }
  }

  private explore(instance: Record<string, JobHandlerFunction>, method: string, provider: string): void {
    const handler = instance[method];
    if (typeof handler !== 'function') return;
    const metadata = jobHandlerMetadataOf(this.reflector, handler);
    if (metadata === undefined) return;
    const name = `${provider}.${method}()`;
    this.tenants.assertDeclared(name, metadata.options.runsFor);
    this.registry.register(metadata.type, {
      name,
      options: metadata.options,
      handle: (run) => instance[method]?.(run),
    });
  }
}
