import { Controller, Get, HttpCode, HttpStatus, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { SystemAdmin } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import {
  AuditFeedPageDto,
  AuditFeedQueryDto,
  AuditVerificationDto,
  AuditVerificationResultDto,
  InclusionProofDto,
  SystemAuditLogQueryDto,
  SystemAuditPageDto,
} from './system-audit-log.dto.js';
import { SystemAuditLogService } from './system-audit-log.service.js';

@ApiTags('system audit log')
@ApiSignedIn()
@SystemAdmin()
@ApiProblems(HttpStatus.BAD_REQUEST, HttpStatus.UNAUTHORIZED, HttpStatus.FORBIDDEN)
@Controller('audit-log')
export class SystemAuditLogController {
  constructor(private readonly log: SystemAuditLogService) {}

  @Get()
  @ApiOkResponse({ type: SystemAuditPageDto })
  async find(@Query() { scope = 'host', ...query }: SystemAuditLogQueryDto): Promise<SystemAuditPageDto> {
    return new SystemAuditPageDto(await this.log.find({ ...query, scope }));
  }

  @Get('feed')
  @ApiOkResponse({ type: AuditFeedPageDto })
  async feed(@Query() query: AuditFeedQueryDto): Promise<AuditFeedPageDto> {
    return new AuditFeedPageDto(await this.log.feed(query));
  }

  @Get('verification')
  @ApiOkResponse({ type: AuditVerificationResultDto, description: 'The last one of the whole log, whoever has asked for it' })
  @ApiProblems(HttpStatus.NOT_FOUND)
  async lastVerification(): Promise<AuditVerificationResultDto> {
    return new AuditVerificationResultDto(await this.log.lastVerification());
  }

  @Post('verifications')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiAcceptedResponse({ type: AuditVerificationDto, description: 'Running soon; ask for it by its id' })
  async verify(): Promise<AuditVerificationDto> {
    return new AuditVerificationDto(await this.log.verify());
  }

  @Get('verifications/:verificationId')
  @ApiOkResponse({ type: AuditVerificationDto })
  @ApiProblems(HttpStatus.NOT_FOUND)
  async verification(@Param('verificationId', IdPipe) verificationId: string): Promise<AuditVerificationDto> {
    return new AuditVerificationDto(await this.log.getVerification(verificationId));
  }

  @Get(':rowId/proof')
  @ApiOkResponse({ type: InclusionProofDto })
  @ApiProblems(HttpStatus.NOT_FOUND, HttpStatus.SERVICE_UNAVAILABLE)
  async prove(@Param('rowId', IdPipe) rowId: string): Promise<InclusionProofDto> {
    return new InclusionProofDto(await this.log.prove(rowId));
  }
}
