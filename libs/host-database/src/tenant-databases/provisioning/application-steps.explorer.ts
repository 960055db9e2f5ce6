import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { ApplicationSteps } from './application-steps.registry.js';
import { InvalidProvisioningStepError } from './provisioning.errors.js';
import { provisioningStepOf, type TenantProvisioningContext } from './tenant-provisioning-step.decorator.js';

type Provider = Record<string, (context: TenantProvisioningContext) => unknown>;

/** Finds the decorated methods of all providers when the application starts. */
@Injectable()
export class ApplicationStepsExplorer implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly steps: ApplicationSteps,
  ) {}

  /** @throws DuplicateProvisioningStepError, InvalidProvisioningStepError */
  onModuleInit(): void {
    for (const { instance, name } of this.discovery.getProviders()) {
      if (typeof instance !== 'object' || instance === null) continue;
      for (const method of this.scanner.getAllMethodNames(Object.getPrototypeOf(instance) as object)) {
        this.explore(instance as Provider, method, String(name));
      }
    }
    // An order that there cannot be stops the boot.
    void this.steps.order;
  }

  private explore(instance: Provider, method: string, provider: string): void {
    const execute = instance[method];
    if (typeof execute !== 'function') return;
    const options = provisioningStepOf(this.reflector, execute);
    if (!options) return;
    const { compensate } = options;
    if (compensate !== undefined && typeof instance[compensate] !== 'function') {
      throw new InvalidProvisioningStepError(
        options.name,
        `is undone by ${provider}.${compensate}(), which is no method. Correct compensate.`,
      );
    }
    this.steps.register({
      ...options,
      method: `${provider}.${method}()`,
      execute: (context) => instance[method]?.(context),
      undo: compensate === undefined ? undefined : (context) => instance[compensate]?.(context),
    });
  }
}
