export { NoContextError } from './context.errors.js';
export { ContextModule } from './context.module.js';
export { ContextService, type HostContext } from './context.service.js';
