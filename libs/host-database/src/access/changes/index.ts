export { AccessChanges, type AccessFollower } from './access-changes.js';
export { accessChangesProvider } from './access-changes.provider.js';
export { AccessMemory } from './access-memory.js';
export type { AccessMemoryOptions } from './access-memory.options.js';
