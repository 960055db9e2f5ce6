import { applyDecorators, type ExecutionContext, HttpStatus, Injectable, UseGuards } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail } from '@nestjs/throttler';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { TooManyRequestsError } from './auth.errors.js';

/** Lets so many requests of one address through to a route. */
@Injectable()
class RateLimitGuard extends ThrottlerGuard {
  /** @throws TooManyRequestsError */
  protected override async throwThrottlingException(
    _execution: ExecutionContext,
    { timeToBlockExpire }: ThrottlerLimitDetail,
  ): Promise<void> {
    throw new TooManyRequestsError(timeToBlockExpire);
  }
}

/** For routes at which something can be guessed: passwords, tokens, who has an account. */
export function RateLimited(): ClassDecorator & MethodDecorator {
  return applyDecorators(UseGuards(RateLimitGuard), ApiProblems(HttpStatus.TOO_MANY_REQUESTS));
}
