import { InvalidOptionError } from './common.errors.js';

/** Returns a copy without the fields that are undefined. */
export function withoutUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}

/** Returns the defaults with what is given laid over them; what is given as undefined keeps its default. */
export function withDefaults<T extends object>(defaults: T, given: Partial<T> | undefined): T {
  return Object.assign(defaults, withoutUndefined(given ?? {}));
}

/** @throws InvalidOptionError when the value is not a whole number of `min` or more */
export function assertWholeOption(option: string, value: number, min: number): void {
  if (!Number.isInteger(value) || value < min) {
    throw new InvalidOptionError(option, `is ${value}. Use a whole number of ${min} or more, or leave it out.`);
  }
}
