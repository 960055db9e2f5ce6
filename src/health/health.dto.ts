import { ApiProperty } from '@nestjs/swagger';

/** The application and its host database answer. */
export class HealthDto {
  @ApiProperty({ enum: ['ok'] })
  readonly status = 'ok';
}
