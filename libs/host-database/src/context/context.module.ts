import { Global, Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/index.js';
import { ContextService } from './context.service.js';

/** Provides who is asking and what time it is. */
@Global()
@Module({
  providers: [ContextService, { provide: Clock, useClass: SystemClock }],
  exports: [ContextService, Clock],
})
export class ContextModule {}
