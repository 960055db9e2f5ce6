import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { SessionCookies } from 'nestjs-host-database/access';

/** Where the OpenAPI page is; the document itself is at `/docs-json`. */
export const OPEN_API_PATH = '/docs';

/** Serves the description of the API. */
export function serveOpenApi(app: INestApplication): void {
  const { name, csrfName } = app.get(SessionCookies);
  const description = [
    'Of a sign-in with `"transport": "cookie"`, or at a provider. What changes something has to come from a page of the application, as',
    `browsers say, or have the value of the cookie \`${csrfName}\` in the header \`x-csrf-token\`.`,
  ].join(' ');
  const config = new DocumentBuilder()
    .setTitle('Workspaces')
    .setDescription('Workspaces with projects and tasks, each workspace in a database of its own. Sign up, and send the token.')
    .setVersion('1.0')
    .addBearerAuth()
    .addCookieAuth(name, { type: 'apiKey', in: 'cookie', description })
    .build();
  SwaggerModule.setup(OPEN_API_PATH, app, () => SwaggerModule.createDocument(app, config));
}
