import { applyDecorators } from '@nestjs/common';
import { Matches, MaxLength } from 'class-validator';

/** Takes a text that is not blank and has `maxLength` characters at most; no NUL, which PostgreSQL cannot store. */
export function IsText({ maxLength }: { readonly maxLength: number }): PropertyDecorator {
  return applyDecorators(
    MaxLength(maxLength),
    Matches(/^(?!\s*$)[^\0]+$/, { message: '$property must be a text that is not blank, without NUL characters' }),
  );
}
