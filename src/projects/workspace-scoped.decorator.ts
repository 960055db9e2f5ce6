import { applyDecorators, HttpStatus } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { TenantScoped } from 'nestjs-host-database/access';
import { WhileImpersonating } from '../auth/while-impersonating.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';

/** Makes a controller work in the workspace that its path names, for its members only, and documents that. */
export function WorkspaceScoped(): ClassDecorator & MethodDecorator {
  return applyDecorators(
    TenantScoped({ param: 'workspaceId' }),
    WhileImpersonating(),
    ApiSignedIn(),
    ApiParam({ name: 'workspaceId', type: String }),
    ApiProblems(
      HttpStatus.BAD_REQUEST,
      HttpStatus.UNAUTHORIZED,
      HttpStatus.FORBIDDEN,
      HttpStatus.LOCKED,
      HttpStatus.SERVICE_UNAVAILABLE,
    ),
  );
}
