import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsText } from '../http/is-text.decorator.js';
import type { Project } from './project.entity.js';

/** A project to be. */
export class CreateProjectDto {
  @ApiProperty({ example: 'Difference engine', description: 'Unique in the workspace', maxLength: 100 })
  @IsText({ maxLength: 100 })
  readonly name!: string;

  @ApiPropertyOptional({ example: 'Tabulates polynomials', type: String, nullable: true, maxLength: 10_000 })
  @IsOptional()
  @IsText({ maxLength: 10_000 })
  readonly description?: string | null;
}

/** What to change in a project; what is left out stays. */
export class UpdateProjectDto extends PartialType(CreateProjectDto, { skipNullProperties: false }) {}

/** A project. */
export class ProjectDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ example: 'Difference engine' })
  readonly name: string;

  @ApiProperty({ example: 'Tabulates polynomials', type: String, nullable: true })
  readonly description: string | null;

  @ApiProperty()
  readonly createdAt: Date;

  constructor({ id, name, description, createdAt }: Project) {
    this.id = id;
    this.name = name;
    this.description = description ?? null;
    this.createdAt = createdAt;
  }
}
