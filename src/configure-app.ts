import type { INestApplication } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ContextService } from 'nestjs-host-database';
import { serveOpenApi } from './http/open-api.js';
import { ProblemFilter } from './http/problem.filter.js';
import { createValidationPipe } from './http/validation.pipe.js';

/** Gives the application what every request shares, whichever adapter serves it. */
export function configureApp<App extends INestApplication>(app: App): App {
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter(app.get(HttpAdapterHost).httpAdapter, app.get(ContextService)));
  serveOpenApi(app);
  return app;
}
