import { defineAuditedEntity } from 'nestjs-host-database/audit';
import { Project } from './project.entity.js';
import { Task } from './task.entity.js';

/** What the log of a workspace tells of its projects and tasks, whoever changes them. */
export const auditedTenantEntities = [
  defineAuditedEntity(Project, { name: 'projects' }),
  defineAuditedEntity(Task, { name: 'tasks' }),
];
