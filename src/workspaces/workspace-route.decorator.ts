import { applyDecorators, HttpStatus } from '@nestjs/common';
import { ApiBearerAuth, ApiParam } from '@nestjs/swagger';
import { TenantRoute } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';

/**
 * Makes a controller one of the workspace that its path names, for its members only, and documents that. What it shows is host data, which is
 * there while the workspace is closed, too.
 */
export function WorkspaceRoute(): ClassDecorator & MethodDecorator {
  return applyDecorators(
    TenantRoute({ param: 'workspaceId', inactive: true }),
    ApiBearerAuth(),
    ApiParam({ name: 'workspaceId', type: String, description: 'Its id or slug' }),
    ApiProblems(HttpStatus.BAD_REQUEST, HttpStatus.UNAUTHORIZED, HttpStatus.FORBIDDEN, HttpStatus.NOT_FOUND),
  );
}
