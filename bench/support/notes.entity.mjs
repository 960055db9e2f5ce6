import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from 'nestjs-host-database';

const NotebookSchema = defineEntity({
  name: 'Notebook',
  tableName: 'notebooks',
  properties: { id: p.string().length(32).primary().onCreate(genId), name: p.string() },
});

/** Groups the notes of a tenant. */
export class Notebook extends NotebookSchema.class {}
NotebookSchema.setClass(Notebook);

const NoteSchema = defineEntity({
  name: 'Note',
  tableName: 'notes',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    notebook: () => p.manyToOne(Notebook),
    title: p.string(),
    isDone: p.boolean().default(false),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
});

/** What a tenant keeps: a row with a reference, as most rows have one. */
export class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);
