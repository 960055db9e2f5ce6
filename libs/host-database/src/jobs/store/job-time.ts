import { Injectable } from '@nestjs/common';
import { Clock, SystemClock } from '../../common/index.js';

/**
 * The time that the queue's statements go by: the database's own, so that the clocks of machines need not agree, or that of the
 * application's clock where it is not the system's: a test moves it.
 */
@Injectable()
export class JobTime {
  constructor(private readonly clock: Clock) {}

  /** The time to use instead of the database's; null in production. */
  get override(): Date | null {
    return this.clock instanceof SystemClock ? null : this.clock.now();
  }
}
