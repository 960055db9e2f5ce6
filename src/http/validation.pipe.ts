import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, RequestInvalidError } from './http.errors.js';

/** Checks request bodies against their DTOs; what a DTO does not list is refused. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    exceptionFactory: (errors) => new RequestInvalidError(errors.flatMap((error) => fieldErrors(error))),
  });
}

function fieldErrors({ property, constraints, children = [] }: ValidationError, parent = ''): FieldError[] {
  const field = `${parent}${property}`;
  const own = constraints ? [{ field, messages: Object.values(constraints) }] : [];
  return [...own, ...children.flatMap((child) => fieldErrors(child, `${field}.`))];
}
