import type { HttpStatus } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** One wrong field of a request. */
export class FieldErrorDto {
  @ApiProperty({ example: 'password' })
  readonly field!: string;

  @ApiProperty({ example: ['password must be longer than or equal to 8 characters'] })
  readonly messages!: readonly string[];
}

/** What is to be paid for, and where. */
export class PaymentProblemDto {
  @ApiProperty({ example: 'feature:exports', description: '`subscription`, `feature:<key>`, `tier:<level>` or `limit:<key>`' })
  readonly requires!: string;

  @ApiProperty({ example: 'past_due', description: 'The status of the subscription, as Stripe names it; `trial` or `none`' })
  readonly status!: string;

  @ApiProperty({ example: 'restricted', description: 'How much access there is: `full`, `grace`, `restricted` or `blocked`' })
  readonly level!: string;

  @ApiProperty({ example: 'past-due' })
  readonly reason!: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'The end of the grace period' })
  readonly graceUntil!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Where to pay' })
  readonly portalUrl!: string | null;
}

/**
 * What went wrong, as `application/problem+json`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export class ProblemDto {
  @ApiProperty({ example: 'about:blank', description: 'The problem is told by `code`' })
  readonly type!: string;

  @ApiProperty({ example: 'Conflict', description: 'The meaning of the status' })
  readonly title!: string;

  @ApiProperty({ type: Number, example: 409 })
  readonly status!: HttpStatus;

  @ApiProperty({ example: 'A user with this email exists already. Sign in as that user, or use another address.' })
  readonly detail!: string;

  @ApiProperty({ example: 'USERS_DUPLICATE_EMAIL', description: 'Stable: match on it' })
  readonly code!: string;

  @ApiProperty({ example: '/auth/sign-up', description: 'The path of the request' })
  readonly instance!: string;

  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11', description: 'As in the header `x-request-id`' })
  readonly requestId!: string;

  @ApiPropertyOptional({ type: [FieldErrorDto], description: 'With REQUEST_INVALID: the fields that are wrong' })
  readonly errors?: readonly FieldErrorDto[];

  @ApiPropertyOptional({ type: PaymentProblemDto, description: 'With BILLING_PAYMENT_REQUIRED: what is to be paid for' })
  readonly payment?: PaymentProblemDto;
}
