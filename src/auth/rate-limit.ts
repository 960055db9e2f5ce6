import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  HttpStatus,
  Inject,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import { Clock, ContextService } from 'nestjs-host-database';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { TooManyRequestsError } from './auth.errors.js';

const MINUTE_MS = 60_000;

/** Injection token of how often one address may ask, at each route, in a minute. */
export const GUESSES_PER_MINUTE = Symbol('app:guesses-per-minute');

/** How often somebody has asked in this minute. Each process counts for itself; what is guessed of one person the library counts for all. */
@Injectable()
export class RateLimits {
  private readonly counts = new Map<string, number>();
  private minute = 0;

  constructor(
    private readonly clock: Clock,
    @Inject(GUESSES_PER_MINUTE) private readonly limit: number,
  ) {}

  /** @throws TooManyRequestsError */
  count(key: string): void {
    const now = this.clock.now().getTime();
    const minute = Math.floor(now / MINUTE_MS);
    // All begin anew with the minute, so that nothing is kept of who does not come back.
    if (minute !== this.minute) this.counts.clear();
    this.minute = minute;
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    if (count > this.limit) throw new TooManyRequestsError(Math.ceil(((minute + 1) * MINUTE_MS - now) / 1000));
  }
}

/** Lets so many requests of one address through to a route. */
@Injectable()
class RateLimitGuard implements CanActivate {
  constructor(
    private readonly limits: RateLimits,
    private readonly context: ContextService,
  ) {}

  /** @throws TooManyRequestsError */
  canActivate(execution: ExecutionContext): boolean {
    const route = `${execution.getClass().name}.${execution.getHandler().name}`;
    this.limits.count(`${route} ${this.context.current.ipAddress ?? ''}`);
    return true;
  }
}

/** For routes at which something can be guessed: passwords, tokens, who has an account. */
export function RateLimited(): ClassDecorator & MethodDecorator {
  return applyDecorators(UseGuards(RateLimitGuard), ApiProblems(HttpStatus.TOO_MANY_REQUESTS));
}
