import { type DynamicModule, Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { Clock } from 'nestjs-host-database';
import { RateLimitStorage } from './rate-limit.storage.js';

const MINUTE_MS = 60_000;
/** More than anybody types, and too few to guess by. */
const DEFAULT_GUESSES_PER_MINUTE = 30;

/** How often may one address ask, at each of the routes with `@RateLimited()`? */
@Module({})
export class RateLimitsModule {
  static register({ guessesPerMinute = DEFAULT_GUESSES_PER_MINUTE }: { readonly guessesPerMinute?: number }): DynamicModule {
    return {
      module: RateLimitsModule,
      imports: [
        // Global by itself.
        ThrottlerModule.forRootAsync({
          inject: [Clock],
          useFactory: (clock: Clock) => ({
            throttlers: [{ limit: guessesPerMinute, ttl: MINUTE_MS }],
            storage: new RateLimitStorage(clock),
          }),
        }),
      ],
    };
  }
}
