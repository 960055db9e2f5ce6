import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from 'nestjs-host-database';
import { Project } from './project.entity.js';

const TaskSchema = defineEntity({
  name: 'Task',
  tableName: 'tasks',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    project: () => p.manyToOne(Project).ref().fieldName('project_id').deleteRule('cascade').index('tasks_project_id_index'),
    title: p.string().length(200),
    completedAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
});

/** Something to be done in a project; deleted with it. */
export class Task extends TaskSchema.class {}

TaskSchema.setClass(Task);
