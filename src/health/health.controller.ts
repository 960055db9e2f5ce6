import { Controller, Get, HttpStatus } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { HostDatabase } from 'nestjs-host-database';
import { Public } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { HealthDto } from './health.dto.js';
import { DatabaseDownError } from './health.errors.js';

@ApiTags('health')
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly hostDatabase: HostDatabase) {}

  @Get()
  @ApiOkResponse({ type: HealthDto })
  @ApiProblems(HttpStatus.SERVICE_UNAVAILABLE)
  async check(): Promise<HealthDto> {
    try {
      await this.hostDatabase.em.execute('select 1');
    } catch (cause) {
      throw new DatabaseDownError({ cause });
    }
    return new HealthDto();
  }
}
