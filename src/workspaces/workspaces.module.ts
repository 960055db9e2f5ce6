import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { MembersController } from './members.controller.js';
import { MembersService } from './members.service.js';
import { WorkspaceControlService } from './workspace-control.service.js';
import { WorkspaceLifeController } from './workspace-life.controller.js';
import { WorkspaceLifeService } from './workspace-life.service.js';
import { WorkspaceRolesService } from './workspace-roles.service.js';
import { WorkspacesController } from './workspaces.controller.js';
import { WorkspacesService } from './workspaces.service.js';

/** Where do people work together? */
@Module({
  imports: [AuthModule],
  controllers: [WorkspacesController, MembersController, WorkspaceLifeController],
  providers: [WorkspacesService, MembersService, WorkspaceRolesService, WorkspaceControlService, WorkspaceLifeService],
  exports: [WorkspaceRolesService],
})
export class WorkspacesModule {}
