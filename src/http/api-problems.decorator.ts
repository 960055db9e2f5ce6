import { STATUS_CODES } from 'node:http';
import { applyDecorators, type HttpStatus } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ProblemDto } from './problem.dto.js';

/** Documents the statuses with which a controller or route answers a problem. */
export function ApiProblems(...statuses: readonly HttpStatus[]): ClassDecorator & MethodDecorator {
  const content = { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDto) } } };
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...statuses.map((status) => ApiResponse({ status, description: STATUS_CODES[status] ?? '', content })),
  );
}
