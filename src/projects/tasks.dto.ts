import { ApiProperty } from '@nestjs/swagger';
import { IsText } from '../http/is-text.decorator.js';
import type { Task } from './task.entity.js';

/** A task to be. */
export class AddTaskDto {
  @ApiProperty({ example: 'Order the gears', maxLength: 200 })
  @IsText({ maxLength: 200 })
  readonly title!: string;
}

/** A task. */
export class TaskDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ example: 'Order the gears' })
  readonly title: string;

  @ApiProperty({ type: Date, nullable: true, description: 'When it was done; null while it is not' })
  readonly completedAt: Date | null;

  @ApiProperty()
  readonly createdAt: Date;

  constructor({ id, title, completedAt, createdAt }: Task) {
    this.id = id;
    this.title = title;
    this.completedAt = completedAt ?? null;
    this.createdAt = createdAt;
  }
}
