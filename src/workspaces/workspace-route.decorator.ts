import { applyDecorators, HttpStatus } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { TenantRoute } from 'nestjs-host-database/access';
import { WhileImpersonating } from '../auth/while-impersonating.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';

/**
 * Makes a controller one of the workspace that its path names, for its members only, and documents that. What it shows is host data, which is
 * there while the workspace is closed, too.
 */
export function WorkspaceRoute(): ClassDecorator & MethodDecorator {
  return applyDecorators(
    TenantRoute({ param: 'workspaceId', inactive: true }),
    WhileImpersonating(),
    ApiSignedIn(),
    ApiParam({ name: 'workspaceId', type: String, description: 'Its id or slug' }),
    ApiProblems(HttpStatus.BAD_REQUEST, HttpStatus.UNAUTHORIZED, HttpStatus.FORBIDDEN, HttpStatus.NOT_FOUND),
  );
}
