// Event types of an application; rows that commit or vanish with a change, and rows that stay in any case.
import { ContextService } from 'nestjs-host-database';
import { AuditService, defineAuditEvents, detailsOf, type InferAuditEvents } from 'nestjs-host-database/audit';
import { createTestHost } from 'nestjs-host-database/testing';

const invoiceEvents = defineAuditEvents({
  'invoices.sent': {
    details: detailsOf<{ amountCents: number; recipientId: string; email: string }>(),
    personal: { email: 'details.recipientId' },
    targetType: 'invoice',
  },
  'invoices.sending-denied': { details: detailsOf<{ reason: string }>(), targetType: 'invoice' },
});

declare module 'nestjs-host-database/audit' {
  interface AuditEventTypes extends InferAuditEvents<typeof invoiceEvents> {}
}

const host = await createTestHost({ options: { audit: { events: [invoiceEvents] } } });
const audit = host.get(AuditService);

async function send(targetId: string, amountCents: number, limitCents: number): Promise<void> {
  await host.hostDatabase.transactional(async () => {
    const details = { amountCents, recipientId: 'person-7', email: 'ada@example.com' };
    await audit.record({ eventType: 'invoices.sent', targetId, details });
    if (amountCents <= limitCents) return;
    const reason = 'over the limit';
    await audit.recordDetached({ eventType: 'invoices.sending-denied', targetId, outcome: 'denied', details: { reason } });
    throw new Error(reason); // takes the first row back, and not the second
  });
}

// In a request, the middleware and your guard have said who is asking.
await host.get(ContextService).run({ actorUserId: '019a0b1c2d3e7f40815a6b7c8d9e0f11', ipAddress: '203.0.113.7' }, () =>
  host.run(async () => {
    await send('in_1', 5_000, 10_000);
    await send('in_2', 50_000, 10_000).catch((error: Error) => console.log(error.message));
    // @ts-expect-error A misspelt type does not compile, and is refused at run time.
    await audit.record({ eventType: 'invoices.snet' }).catch((error: Error) => console.log(error.message));
  }),
);

for (const targetId of ['in_1', 'in_2']) {
  for (const { eventType, outcome, actorUserId, ipAddress } of await host.run(() => audit.findByTarget(targetId))) {
    console.log(`${targetId}: ${eventType}, ${outcome}, by ${actorUserId} from ${ipAddress}`);
  }
}

await host.close();
