import { Project } from './project.entity.js';
import { Task } from './task.entity.js';

/** What is in the database of every workspace. */
export const tenantEntities = [Project, Task];
