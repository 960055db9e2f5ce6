export { Bell } from './bell.js';
export { Clock, SystemClock, timestamp } from './clock.js';
export { InvalidIdError, InvalidInputError, InvalidOptionError } from './common.errors.js';
export { HostDatabaseError } from './host-database.error.js';
export { assertId, genId, isId } from './ids.js';
export { assertOneOf, assertText, normalizeEmail } from './input.js';
export { assertWholeOption, withDefaults } from './options.js';
