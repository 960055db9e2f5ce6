import { HostDatabaseError } from '../common/index.js';

/** Facts were to be added to the context of a request where there is none. */
export class NoContextError extends HostDatabaseError {
  readonly code = 'CONTEXT_NOT_FOUND';

  constructor() {
    super(
      'There is no context here to add facts to. Requests and jobs have one; elsewhere wrap the work in contextService.run(facts, () => ...).',
    );
  }
}
