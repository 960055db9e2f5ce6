import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { InvitationAnswersController } from './invitation-answers.controller.js';
import { InvitationsController } from './invitations.controller.js';
import { MembersController } from './members.controller.js';
import { MembersService } from './members.service.js';
import { RolesController } from './roles.controller.js';
import { WorkspaceControlService } from './workspace-control.service.js';
import { WorkspaceImpersonationsController } from './workspace-impersonations.controller.js';
import { WorkspaceLifeController } from './workspace-life.controller.js';
import { WorkspaceLifeService } from './workspace-life.service.js';
import { WorkspacesController } from './workspaces.controller.js';
import { WorkspacesService } from './workspaces.service.js';

/** Where do people work together? */
@Module({
  imports: [AuthModule],
  controllers: [
    WorkspacesController,
    MembersController,
    RolesController,
    InvitationsController,
    InvitationAnswersController,
    WorkspaceImpersonationsController,
    WorkspaceLifeController,
  ],
  providers: [WorkspacesService, MembersService, WorkspaceControlService, WorkspaceLifeService],
})
export class WorkspacesModule {}
