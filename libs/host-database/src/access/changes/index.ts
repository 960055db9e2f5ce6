export { AccessChanges, type AccessFollower } from './access-changes.js';
export { accessChangesProvider } from './access-changes.provider.js';
export { AccessMemory } from './access-memory.js';
export { type AccessMemoryOptions, assertAccessMemoryOptions, defaultAccessMemoryOptions } from './access-memory.options.js';
