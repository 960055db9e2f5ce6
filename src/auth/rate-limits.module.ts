import { type DynamicModule, Module } from '@nestjs/common';
import { GUESSES_PER_MINUTE, RateLimits } from './rate-limit.js';

/** More than anybody types, and too few to guess by. */
const DEFAULT_GUESSES_PER_MINUTE = 30;

/** How often may one address ask? */
@Module({})
export class RateLimitsModule {
  static register({ guessesPerMinute = DEFAULT_GUESSES_PER_MINUTE }: { readonly guessesPerMinute?: number }): DynamicModule {
    return {
      module: RateLimitsModule,
      global: true,
      providers: [RateLimits, { provide: GUESSES_PER_MINUTE, useValue: guessesPerMinute }],
      exports: [RateLimits],
    };
  }
}
