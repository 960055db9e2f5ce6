import { ApiProperty, PartialType } from '@nestjs/swagger';
import { IsArray, IsString } from 'class-validator';
import { type Permission, ROLES_PER_TENANT, type TenantRole } from 'nestjs-host-database/memberships';
import { PERMISSION_NAMES } from '../app.permissions.js';
import { IsText } from '../http/is-text.decorator.js';

const NAME_MAX_LENGTH = 63;

/** A role to be. */
export class CreateRoleDto {
  @ApiProperty({
    example: 'Reviewer',
    maxLength: NAME_MAX_LENGTH,
    description: `Unique in the workspace, which has ${ROLES_PER_TENANT} roles at most`,
  })
  @IsText({ maxLength: NAME_MAX_LENGTH })
  readonly name!: string;

  @ApiProperty({ enum: PERMISSION_NAMES, isArray: true, description: 'All that it may do, of what you may do yourself' })
  @IsArray()
  @IsString({ each: true })
  readonly permissions!: Permission[];
}

/** What to change in a role; what is left out stays. */
export class UpdateRoleDto extends PartialType(CreateRoleDto, { skipNullProperties: false }) {}

/** A role that a workspace has made for itself. */
export class RoleDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ example: 'Reviewer' })
  readonly name: string;

  @ApiProperty({ enum: PERMISSION_NAMES, isArray: true })
  readonly permissions: readonly string[];

  @ApiProperty()
  readonly createdAt: Date;

  @ApiProperty()
  readonly updatedAt: Date;

  constructor({ id, name, permissions, createdAt, updatedAt }: TenantRole) {
    this.id = id;
    this.name = name;
    this.permissions = permissions;
    this.createdAt = createdAt;
    this.updatedAt = updatedAt;
  }
}
