// Changes are recorded by the flush that makes them; what goes past the flush is refused, or allowed with a reason.
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { genId, GlobalUser } from 'nestjs-host-database';
import { AuditCapture, AuditReader, defineAuditedEntity } from 'nestjs-host-database/audit';
import { createTestHost } from 'nestjs-host-database/testing';

const CouponSchema = defineEntity({
  name: 'Coupon',
  tableName: 'app_coupons',
  properties: { id: p.string().primary().onCreate(genId), code: p.string(), percent: p.integer(), ownerId: p.string() },
});
class Coupon extends CouponSchema.class {}
CouponSchema.setClass(Coupon);

class CreateCoupons extends Migration {
  override up(): void {
    this.addSql('create table app_coupons (id text primary key, code text, percent integer, owner_id text)');
  }
}

const options = {
  hostDatabase: { entities: [Coupon], migrations: [CreateCoupons] },
  audit: { entities: [defineAuditedEntity(Coupon, { name: 'coupons', secret: ['code'] })] },
};

const host = await createTestHost({ options });
const { em } = host.hostDatabase;

const user = await host.newUser({ email: 'ada@example.com' });
await host.run(async () => {
  const coupon = em.create(Coupon, { code: 'SPRING-8Q2J', percent: 10, ownerId: user.id });
  await em.flush();
  coupon.percent = 20;
}); // flushed at its end

const promoteAll = () => em.nativeUpdate(GlobalUser, {}, { isSysAdmin: true });
await host.run(promoteAll).catch((error: { code: string }) => console.log(error.code));
await host.run(() => host.get(AuditCapture).allowing('the company is two people', promoteAll));

const { rows } = await host.run(() => host.get(AuditReader).find({ scope: 'host', order: 'oldest' }));
for (const { eventType, details } of rows.slice(1)) console.log(eventType, JSON.stringify(details));

await host.close();
