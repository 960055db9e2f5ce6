import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsEmail, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import {
  INVITATION_STATUSES,
  type InvitationPage,
  type InvitationPreview,
  type InvitationStatus,
  type InvitationSummary,
  MEMBERSHIP_ROLES,
  type MembershipRole,
} from 'nestjs-host-database/memberships';
import { RoleGrantDto } from './members.dto.js';

/** An invitation to be. */
export class CreateInvitationDto extends RoleGrantDto {
  @ApiProperty({ example: 'grace@example.com', format: 'email', description: 'Whom it is for, and only for them' })
  @IsEmail()
  readonly email!: string;
}

/** Which invitations. */
export class InvitationsQueryDto {
  @ApiPropertyOptional({ minimum: 1, maximum: 500, default: 50 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  readonly limit?: number;

  @ApiPropertyOptional({ description: '`next` of the page before' })
  @IsOptional()
  @IsString()
  readonly after?: string;
}

/** An invitation, as those who invite see it: nobody can accept with what is in it. */
export class InvitationDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ example: 'grace@example.com' })
  readonly email: string;

  @ApiProperty({ enum: MEMBERSHIP_ROLES })
  readonly role: MembershipRole;

  @ApiProperty({ type: String, nullable: true, description: "The id of one of the workspace's own roles" })
  readonly customRoleId: string | null;

  @ApiProperty({ enum: INVITATION_STATUSES, description: 'One that is open or expired can be sent again' })
  readonly status: InvitationStatus;

  @ApiProperty({ description: 'The id of the user who has sent it last' })
  readonly invitedBy: string;

  @ApiProperty()
  readonly sentAt: Date;

  @ApiProperty()
  readonly expiresAt: Date;

  @ApiProperty({ type: Date, nullable: true, description: 'When it was accepted, declined or revoked' })
  readonly endedAt: Date | null;

  @ApiProperty()
  readonly createdAt: Date;

  constructor(invitation: InvitationSummary) {
    this.id = invitation.id;
    this.email = invitation.email;
    this.role = invitation.role;
    this.customRoleId = invitation.customRoleId;
    this.status = invitation.status;
    this.invitedBy = invitation.invitedBy;
    this.sentAt = invitation.sentAt;
    this.expiresAt = invitation.expiresAt;
    this.endedAt = invitation.endedAt;
    this.createdAt = invitation.createdAt;
  }
}

/** A page of a workspace's invitations, the newest first. */
export class InvitationPageDto {
  @ApiProperty({ type: [InvitationDto] })
  readonly items: readonly InvitationDto[];

  @ApiProperty({ type: String, nullable: true, description: 'To be passed as `after`; null on the last page' })
  readonly next: string | null;

  constructor({ items, next }: InvitationPage) {
    this.items = items.map((invitation) => new InvitationDto(invitation));
    this.next = next ?? null;
  }
}

/** What the page behind the link of an invitation shows. */
export class InvitationPreviewDto {
  @ApiProperty({ example: 'Analytical Engines' })
  readonly workspaceName: string;

  @ApiProperty({ enum: MEMBERSHIP_ROLES })
  readonly role: MembershipRole;

  @ApiProperty({ type: String, nullable: true, example: 'ada@example.com', description: 'Null when they have gone' })
  readonly inviterEmail: string | null;

  @ApiProperty()
  readonly expiresAt: Date;

  constructor({ tenantName, role, inviterEmail, expiresAt }: InvitationPreview) {
    this.workspaceName = tenantName;
    this.role = role;
    this.inviterEmail = inviterEmail;
    this.expiresAt = expiresAt;
  }
}
