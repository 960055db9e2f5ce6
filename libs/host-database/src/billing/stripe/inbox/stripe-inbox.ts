import { UniqueConstraintViolationException } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../../common/index.js';
import { UnitOfWork } from '../../../database/index.js';
import { StripeEvent } from './stripe-event.entity.js';

/** An event whose signature was verified. */
export interface IncomingStripeEvent {
  readonly id: string;
  readonly type: string;
  readonly livemode: boolean;
  readonly apiVersion: string | null;
  /** When it happened, by Stripe's clock. */
  readonly createdAt: Date;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Where events of Stripe's are kept before anything is done about them. */
@Injectable()
export class StripeInbox {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Keeps an event, and has it looked at, in one transaction. One that came before is kept once. Returns whether it is new. */
  async receive(event: IncomingStripeEvent): Promise<boolean> {
    return this.unitOfWork.transactional(async (em) => {
      try {
        await em.transactional(async (inner) => {
          inner.create(StripeEvent, { ...event, receivedAt: this.clock.now() });
        });
        return true;
      } catch (error) {
        if (error instanceof UniqueConstraintViolationException) return false;
        throw error;
      }
    });
  }
}
