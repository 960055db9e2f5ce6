import { InvalidOptionError, withDefaults } from '../../common/index.js';

/** The most that the option may say: nobody acts as somebody else for longer. */
const MOST_MINUTES = 60;

/** How system administrators may act as others. */
export interface ImpersonationOptions {
  /** For how long, at most 60. @default 60 */
  readonly maxMinutes: number;
}

/** @throws InvalidOptionError */
export function resolveImpersonationOptions(given?: Partial<ImpersonationOptions>): ImpersonationOptions {
  const options = withDefaults({ maxMinutes: MOST_MINUTES }, given);
  const { maxMinutes } = options;
  if (!Number.isInteger(maxMinutes) || maxMinutes < 1 || maxMinutes > MOST_MINUTES) {
    const problem = `is ${maxMinutes}. Use a whole number of minutes from 1 to ${MOST_MINUTES}, or leave it out.`;
    throw new InvalidOptionError('access.impersonation.maxMinutes', problem);
  }
  return options;
}
