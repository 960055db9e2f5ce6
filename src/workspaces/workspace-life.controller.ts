import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { SystemAdmin } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { CloseWorkspaceDto, DeletionPlanDto, DeleteWorkspaceDto, WorkspaceLifeDto } from './workspace-life.dto.js';
import { WorkspaceLifeService } from './workspace-life.service.js';

const { BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, GONE, ACCEPTED, OK } = HttpStatus;

@ApiTags('workspaces')
@ApiSignedIn()
@ApiProblems(BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND)
@Controller('workspaces/:workspaceId')
export class WorkspaceLifeController {
  constructor(private readonly life: WorkspaceLifeService) {}

  @Post('suspend')
  @HttpCode(OK)
  @SystemAdmin()
  @ApiOkResponse({ type: WorkspaceLifeDto, description: 'Closed, for everybody, within a second' })
  @ApiProblems(CONFLICT)
  async suspend(
    @Param('workspaceId', IdPipe) workspaceId: string,
    @Body() options: CloseWorkspaceDto,
  ): Promise<WorkspaceLifeDto> {
    return new WorkspaceLifeDto(await this.life.suspend(workspaceId, options));
  }

  @Post('reactivate')
  @HttpCode(OK)
  @SystemAdmin()
  @ApiOkResponse({ type: WorkspaceLifeDto })
  @ApiProblems(CONFLICT)
  async reactivate(@Param('workspaceId', IdPipe) workspaceId: string): Promise<WorkspaceLifeDto> {
    return new WorkspaceLifeDto(await this.life.reactivate(workspaceId));
  }

  @Post('archive')
  @HttpCode(OK)
  @ApiOkResponse({ type: WorkspaceLifeDto, description: 'Closed until it is restored' })
  @ApiProblems(CONFLICT)
  async archive(
    @Param('workspaceId', IdPipe) workspaceId: string,
    @Body() options: CloseWorkspaceDto,
  ): Promise<WorkspaceLifeDto> {
    return new WorkspaceLifeDto(await this.life.archive(workspaceId, options));
  }

  @Post('restore')
  @HttpCode(OK)
  @ApiOkResponse({ type: WorkspaceLifeDto, description: 'Where it was before it was archived, or was to be deleted' })
  @ApiProblems(CONFLICT, GONE)
  async restore(@Param('workspaceId', IdPipe) workspaceId: string): Promise<WorkspaceLifeDto> {
    return new WorkspaceLifeDto(await this.life.restore(workspaceId));
  }

  @Post('deletion')
  @HttpCode(ACCEPTED)
  @ApiAcceptedResponse({ type: WorkspaceLifeDto, description: 'Closed; its data is removed when its time is over' })
  @ApiProblems(CONFLICT)
  async delete(
    @Param('workspaceId', IdPipe) workspaceId: string,
    @Body() request: DeleteWorkspaceDto,
  ): Promise<WorkspaceLifeDto> {
    return new WorkspaceLifeDto(await this.life.delete(workspaceId, request));
  }

  @Get('deletion-plan')
  @ApiOkResponse({ type: DeletionPlanDto, description: 'What its deletion would remove if it were done now' })
  async planDeletion(@Param('workspaceId', IdPipe) workspaceId: string): Promise<DeletionPlanDto> {
    return new DeletionPlanDto(await this.life.planDeletion(workspaceId));
  }
}
