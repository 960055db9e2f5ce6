import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ContextService, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { LastOwnerError, MembershipsService, TenantMembers } from 'nestjs-host-database/memberships';
import { TenantsService } from 'nestjs-host-database/tenants';
import { UsersService } from 'nestjs-host-database/users';
import { answer } from '../../support/answer.mjs';

const OWNERLESS = `select count(*) as count from core_tenants t where not exists (
  select 1 from core_memberships m where m.tenant_id = t.id and m.role = 'owner' and m.is_active)`;

let application;
const host = () => application.get(HostDatabase);

/** This library: both go by the call that people leave with. */
answer({
  async open({ connection }) {
    class Application {}
    Module({ imports: [HostDatabaseModule.forRoot({ database: connection.host, jobs: { worker: false } })] })(Application);
    application = await NestFactory.createApplicationContext(Application, { logger: ['error', 'warn'] });
  },

  async signUpOwners() {
    return host().run(async () => {
      const owners = [];
      for (const name of ['one', 'other']) {
        owners.push((await application.get(UsersService).create({ email: `${name}@example.com` })).id);
      }
      return owners;
    });
  },

  async found({ owners: [one, other] }) {
    return host().run(async () => {
      const { id: tenantId } = await application.get(TenantsService).create({ name: 'Bench', ownerId: one });
      await application.get(MembershipsService).grant({ userId: other, tenantId, role: 'owner' });
      return tenantId;
    });
  },

  async leave({ organization, owner }) {
    try {
      const leave = () => application.get(TenantMembers).leave(organization);
      await application.get(ContextService).run({ actorUserId: owner }, () => host().run(leave));
      return true;
    } catch (error) {
      if (error instanceof LastOwnerError) return false;
      throw error;
    }
  },

  async countOwnerless() {
    const [{ count }] = await host().run((em) => em.execute(OWNERLESS));
    return Number(count);
  },
});
