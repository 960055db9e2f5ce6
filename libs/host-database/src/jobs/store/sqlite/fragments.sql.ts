import { ERROR_LOG_MAX_LENGTH } from '../job-columns.js';

// Lists are given as JSON, times as Unix milliseconds. What waits for the write lock has it before it reads: there is nobody to pass.

/** A list that is a parameter. */
export const listed = `(select value from json_each(?))`;

/** The newest error first, so that cutting the text keeps what matters. */
export const logged = (error: string) =>
  `substr(${error} || case when error_log is null then '' else char(10, 10) || error_log end, 1, ${ERROR_LOG_MAX_LENGTH})`;
