import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** Where the OpenAPI page is; the document itself is at `/docs-json`. */
export const OPEN_API_PATH = '/docs';

/** Serves the description of the API. */
export function serveOpenApi(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setTitle('Workspaces')
    .setDescription('Workspaces with projects and tasks, each workspace in a database of its own. Sign up, and send the token.')
    .setVersion('1.0')
    .addBearerAuth()
    .build();
  SwaggerModule.setup(OPEN_API_PATH, app, () => SwaggerModule.createDocument(app, config));
}
