export { Bell } from './bell.js';
export { Clock, SystemClock, timestamp } from './clock.js';
export { InvalidIdError, InvalidInputError, InvalidOptionError } from './common.errors.js';
export { HostDatabaseError } from './host-database.error.js';
export { assertId, genId, ID_LEAD_MS, isId } from './ids.js';
export { assertInt32, assertJson, assertOneOf, assertText, INT32_MAX, normalizeEmail } from './input.js';
export { LruMap } from './lru-map.js';
export { assertWholeOption, withDefaults, withoutUndefined } from './options.js';
