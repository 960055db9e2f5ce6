import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from 'nestjs-host-database';

const ProjectSchema = defineEntity({
  name: 'Project',
  tableName: 'projects',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    name: p.string().length(100).unique('projects_name_unique'),
    description: p.text().nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
});

/** Something that a workspace works on. It lives in the workspace's own database, so no column says whose it is. */
export class Project extends ProjectSchema.class {}

ProjectSchema.setClass(Project);
