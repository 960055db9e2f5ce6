import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../../common/index.js';

/** `failed` is to be tried again; `dead` was tried often enough; `ignored` is of a type that says nothing here. */
export const STRIPE_EVENT_STATUSES = ['received', 'done', 'ignored', 'failed', 'dead'] as const;

export type StripeEventStatus = (typeof STRIPE_EVENT_STATUSES)[number];

const StripeEventSchema = defineEntity({
  name: 'StripeEvent',
  tableName: 'core_stripe_events',
  properties: {
    /** Stripe's own id, by which an event that comes twice is one. */
    id: p.string().length(255).primary(),
    type: p.string(),
    /** What has to be looked at, such as `subscription:sub_1`; none where the type says nothing here. */
    subject: p.string().nullable(),
    /** The snapshot that a thin event stands beside: the two tell of one change. */
    snapshotEventId: p.string().nullable(),
    apiVersion: p.string().nullable(),
    livemode: p.boolean(),
    /** When it happened, by Stripe's clock. */
    createdAt: p.datetime(3),
    receivedAt: p.datetime(3).onCreate(timestamp),
    /** As it came. Only what it names is believed. */
    payload: p.json().$type<Readonly<Record<string, unknown>>>(),
    status: p.enum(STRIPE_EVENT_STATUSES).default('received'),
    attempts: p.integer().default(0),
    lastError: p.text().nullable(),
    doneAt: p.datetime(3).nullable(),
  },
  indexes: [
    {
      name: 'core_stripe_events_pending_index',
      properties: ['subject'],
      where: `status in ('received', 'failed')`,
    },
    { name: 'core_stripe_events_received_at_index', properties: ['receivedAt'] },
  ],
});

/** An event of Stripe's, kept before anything is done about it (`core_stripe_events`). */
export class StripeEvent extends StripeEventSchema.class {}

StripeEventSchema.setClass(StripeEvent);
