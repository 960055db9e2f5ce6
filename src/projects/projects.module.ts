import { Module } from '@nestjs/common';
import { ProjectsController } from './projects.controller.js';
import { ProjectsService } from './projects.service.js';
import { TasksController } from './tasks.controller.js';
import { TasksService } from './tasks.service.js';

/** What is being worked on? Everything here is in the workspace's own database. */
@Module({
  controllers: [ProjectsController, TasksController],
  providers: [ProjectsService, TasksService],
})
export class ProjectsModule {}
