import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { FeatureCatalogue } from '../../billing/index.js';
import { MEMBERSHIP_ROLES, PermissionCatalogue } from '../../memberships/index.js';
import { AccessDeclarationError } from '../access.errors.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import { type AccessDeclaration, AccessDeclarations, asksForSomething, isOfTenant } from './access-declarations.js';

type Methods = Record<string, unknown>;

/** Reads every declaration when the application starts, and stops the boot where one cannot hold. */
@Injectable()
export class AccessDeclarationsExplorer implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly declarations: AccessDeclarations,
    private readonly permissions: PermissionCatalogue,
    private readonly features: FeatureCatalogue,
    @Inject(ACCESS_OPTIONS) private readonly options: ResolvedAccessOptions,
  ) {}

  /** @throws AccessDeclarationError, UnknownPermissionError, UnknownFeatureError */
  onModuleInit(): void {
    for (const { instance, metatype } of [...this.discovery.getControllers(), ...this.discovery.getProviders()]) {
      if (typeof metatype !== 'function' || typeof instance !== 'object' || instance === null) continue;
      const prototype = Object.getPrototypeOf(instance) as Methods;
      const ofClass = this.declarations.on(metatype);
      this.assertHolds(metatype.name, ofClass);
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name];
        if (typeof handler !== 'function') continue;
        this.assertMethod({ route: `${metatype.name}.${name}`, own: this.declarations.on(handler), ofClass });
      }
    }
  }

  private assertMethod({ route, own, ofClass }: { route: string; own: AccessDeclaration; ofClass: AccessDeclaration }): void {
    if (Object.keys(own).length === 0) return;
    this.assertHolds(route, own);
    // What runs in a tenant's database is made by the class, and a method cannot take it back.
    if (own.level === 'public' && ofClass.tenantParam !== undefined) {
      throw new AccessDeclarationError(route, 'is @Public() in a class of a tenant. Move it to another class.');
    }
    const { sources } = this.options.resolution;
    const named = own.tenantParam ?? ofClass.tenantParam;
    if (isOfTenant(own) && named === undefined && sources.every((source) => source === 'path')) {
      throw new AccessDeclarationError(
        route,
        'asks for a role, a permission or a payment, and its path names no tenant. Add @TenantScoped() or @TenantRoute(), or another source to access.resolution.',
      );
    }
  }

  private assertHolds(route: string, declaration: AccessDeclaration): void {
    const { level, role, permissions = [], features = [], tierLevel = 1 } = declaration;
    if (level === 'public' && asksForSomething(declaration)) {
      throw new AccessDeclarationError(route, 'is @Public() and asks for something. Take one of the two away.');
    }
    if (role !== undefined && !MEMBERSHIP_ROLES.includes(role)) {
      throw new AccessDeclarationError(route, `asks for the role ${role}. Use one of: ${MEMBERSHIP_ROLES.join(', ')}.`);
    }
    if (!Number.isInteger(tierLevel) || tierLevel < 1) {
      throw new AccessDeclarationError(route, `asks for a plan of the level ${tierLevel}. Use a whole number from 1.`);
    }
    this.permissions.assertKnown(permissions);
    this.features.assertFeatures(features);
  }
}
