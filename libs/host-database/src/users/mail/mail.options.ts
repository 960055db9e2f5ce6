import { assertWholeOption, InvalidOptionError, withDefaults } from '../../common/index.js';

/** How much mail an address is sent. */
export interface MailOptions {
  /**
   * How many mails of one kind an address is sent within an hour, whoever asks for them: strangers may, of everybody. From 1 to 100.
   *
   * @default 5
   */
  readonly maxPerHour: number;
}

const MOST_PER_HOUR = 100;

/** @throws InvalidOptionError */
export function resolveMailOptions(given: Partial<MailOptions> | undefined): MailOptions {
  const options = withDefaults({ maxPerHour: 5 }, given);
  assertWholeOption('users.mail.maxPerHour', options.maxPerHour, 1);
  if (options.maxPerHour > MOST_PER_HOUR) {
    throw new InvalidOptionError('users.mail.maxPerHour', `is ${options.maxPerHour}. Use ${MOST_PER_HOUR} at most.`);
  }
  return options;
}
