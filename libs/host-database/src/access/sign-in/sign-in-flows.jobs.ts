import { JobHandler, ScheduledJob } from '../../jobs/index.js';
import type { SignInFlows } from './sign-in-flows.js';

/** How many pages one run removes; what is left is for the next. */
const PAGES = 20;

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'access.remove-sign-in-flows': null;
  }
}

/** Removes what those have left who never came back. There is one only where people sign in by providers. */
export class SignInFlowsJobs {
  constructor(private readonly flows: SignInFlows) {}

  @ScheduledJob('*/10 * * * *')
  @JobHandler('access.remove-sign-in-flows', { runsFor: 'host' })
  async remove(): Promise<void> {
    for (let page = 0; page < PAGES; page++) {
      if ((await this.flows.removeExpired()) === 0) return;
    }
  }
}
