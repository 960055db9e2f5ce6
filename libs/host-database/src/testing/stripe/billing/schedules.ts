import { stripeId } from '../account/ids.js';
import type { SchedulePhase, Subscription, SubscriptionSchedule } from '../account/objects.js';
import type { StripeAccount } from '../account/stripe-account.js';
import type { Params } from '../http/params.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import type { SubscriptionLifecycle } from './lifecycle.js';
import { changeInto, phaseOfNow, readPhases } from './schedule-phases.js';
import type { SubscriptionChanges } from './subscription-changes.js';

const END_BEHAVIORS = ['cancel', 'release'] as const;

/** Schedules: what a subscription is to become, phase after phase. */
export class Schedules {
  constructor(
    private readonly account: StripeAccount,
    private readonly lifecycle: SubscriptionLifecycle,
    private readonly changes: SubscriptionChanges,
  ) {}

  /** Puts a subscription under a schedule, whose only phase is the period that it is in. */
  create(params: Params): SubscriptionSchedule {
    const subscription = this.account.subscriptions.named(
      params.only('from_subscription', 'metadata').requiredText('from_subscription'),
      'from_subscription',
    );
    if (subscription.schedule !== null || !['active', 'past_due', 'trialing'].includes(subscription.status)) {
      throw new FakeStripeRefusedError(
        'You cannot migrate a subscription that is already attached to a schedule, or one that has ended.',
        { param: 'from_subscription' },
      );
    }
    const schedule = this.account.schedules.add(
      draftSchedule(subscription, { now: this.account.time.now, metadata: params.metadata() }),
    );
    this.account.emit('subscription_schedule.created', schedule);
    this.account.change(subscription, 'customer.subscription.updated', (one) => {
      one.schedule = schedule.id;
    });
    this.plan(schedule);
    return schedule;
  }

  update(id: string, params: Params): SubscriptionSchedule {
    params.only('phases', 'end_behavior', 'metadata', 'proration_behavior');
    const schedule = this.going(id);
    const current = this.phaseOf(schedule);
    const phases = current && readPhases(this.account, params, current);
    this.account.change(schedule, 'subscription_schedule.updated', (one) => {
      one.metadata = params.metadata(one.metadata ?? {});
      one.end_behavior = params.oneOf('end_behavior', END_BEHAVIORS) ?? one.end_behavior;
      const [first] = phases ?? [];
      if (!phases || !first) return;
      one.phases = phases;
      one.current_phase = { start_date: first.start_date, end_date: first.end_date };
    });
    const [first] = phases ?? [];
    if (first) this.enter(schedule, first);
    this.plan(schedule);
    return schedule;
  }

  /** Lets go of the subscription, which stays as it is. */
  release(id: string): SubscriptionSchedule {
    const schedule = this.going(id);
    this.end(schedule, 'released');
    return schedule;
  }

  /** Ends the schedule, and the subscription with it. */
  cancel(id: string): SubscriptionSchedule {
    const schedule = this.going(id);
    const subscription = this.account.subscriptions.get(schedule.subscription ?? '');
    this.lifecycle.cancel(subscription, 'cancellation_requested');
    return schedule;
  }

  private plan(schedule: SubscriptionSchedule): void {
    const phase = this.phaseOf(schedule);
    if (phase) this.account.timeline.plan(`${schedule.id}:phase`, phase.end_date, () => this.advance(schedule, phase));
    // Planned after the phase, the renewal of the same second is at the new price.
    const subscription = this.account.subscriptions.find(schedule.subscription ?? '');
    if (subscription) this.lifecycle.plan(subscription);
  }

  /** A phase is over: the next one begins, or the schedule ends. */
  private advance(schedule: SubscriptionSchedule, ended: SchedulePhase): void {
    const next = schedule.phases.find((phase) => phase.start_date === ended.end_date);
    if (next) {
      this.account.change(schedule, 'subscription_schedule.updated', (one) => {
        one.current_phase = { start_date: next.start_date, end_date: next.end_date };
      });
      this.enter(schedule, next);
      this.plan(schedule);
      return;
    }
    const subscription = this.account.subscriptions.get(schedule.subscription ?? '');
    this.end(schedule, schedule.end_behavior === 'cancel' ? 'completed' : 'released');
    if (schedule.end_behavior === 'cancel') this.lifecycle.cancel(subscription, 'cancellation_requested');
    else this.lifecycle.plan(subscription);
  }

  private enter(schedule: SubscriptionSchedule, phase: SchedulePhase): void {
    const subscription = this.account.subscriptions.get(schedule.subscription ?? '');
    this.changes.apply(subscription, changeInto(this.account, subscription, phase), (one) => {
      one.metadata = { ...one.metadata, ...phase.metadata };
    });
  }

  private end(schedule: SubscriptionSchedule, status: 'completed' | 'released'): void {
    const { time, timeline } = this.account;
    const subscription = this.account.subscriptions.get(schedule.subscription ?? '');
    timeline.cancel(`${schedule.id}:phase`);
    schedule.status = status;
    schedule.current_phase = null;
    if (status === 'completed') schedule.completed_at = time.now;
    else Object.assign(schedule, { released_at: time.now, released_subscription: subscription.id, subscription: null });
    this.account.emit(`subscription_schedule.${status}`, schedule);
    this.account.change(subscription, 'customer.subscription.updated', (one) => {
      one.schedule = null;
    });
  }

  private phaseOf(schedule: SubscriptionSchedule): SchedulePhase | undefined {
    return schedule.phases.find((phase) => phase.start_date === schedule.current_phase?.start_date);
  }

  private going(id: string): SubscriptionSchedule {
    const schedule = this.account.schedules.get(id);
    if (schedule.status === 'active') return schedule;
    throw new FakeStripeRefusedError(
      `You cannot change a subscription schedule that is in the \`${schedule.status}\` status. Only \`active\` ones can be changed.`,
    );
  }
}

function draftSchedule(
  subscription: Subscription,
  { now, metadata }: { readonly now: number; readonly metadata: Record<string, string> },
): SubscriptionSchedule {
  const phase = phaseOfNow(subscription);
  return {
    id: stripeId('sub_sched'),
    object: 'subscription_schedule',
    application: null,
    billing_mode: {
      type: subscription.billing_mode.type,
      flexible: subscription.billing_mode.type === 'flexible' ? { proration_discounts: 'included' } : null,
    },
    canceled_at: null,
    completed_at: null,
    created: now,
    current_phase: { start_date: phase.start_date, end_date: phase.end_date },
    customer: subscription.customer,
    customer_account: null,
    default_settings: {
      application_fee_percent: null,
      automatic_tax: { disabled_reason: null, enabled: false, liability: null },
      billing_cycle_anchor: 'automatic',
      billing_thresholds: null,
      collection_method: subscription.collection_method,
      default_payment_method: null,
      description: null,
      invoice_settings: {
        account_tax_ids: null,
        custom_fields: null,
        days_until_due: null,
        description: null,
        footer: null,
        issuer: { type: 'self' },
      },
      on_behalf_of: null,
      transfer_data: null,
    },
    end_behavior: 'release',
    livemode: false,
    metadata,
    pause_schedules: [],
    phases: [phase],
    released_at: null,
    released_subscription: null,
    status: 'active',
    subscription: subscription.id,
    test_clock: null,
  };
}
