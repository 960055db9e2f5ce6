import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

/**
 * Serves one route of a tenant, which does nothing but what is decorated on it.
 *
 * @param {object} application
 * @param {unknown[]} [application.imports]
 * @param {unknown[]} [application.providers]
 * @param {MethodDecorator[]} [application.decorators] of the route
 */
export async function serve({ imports = [], providers = [], decorators = [] }) {
  class Tasks {
    list() {
      return { tasks: [] };
    }
  }
  const list = Object.getOwnPropertyDescriptor(Tasks.prototype, 'list');
  for (const decorate of [Get('tasks'), ...decorators]) decorate(Tasks.prototype, 'list', list);
  Controller('tenants/:tenantId')(Tasks);
  class Application {}
  Module({ imports, providers, controllers: [Tasks] })(Application);
  const application = await NestFactory.create(Application, { logger: ['error', 'warn'] });
  await application.listen(0, '127.0.0.1');
  return { application, port: application.getHttpServer().address().port };
}

/**
 * How a harness gets in, and how it must not.
 *
 * @typedef {object} WayIn
 * @property {number} port
 * @property {string} path
 * @property {Record<string, string>} headers of somebody who may
 * @property {{ headers: Record<string, string>, status: number }[]} refused others, and what they are told
 * @property {string[]} [tenantIds] whose databases it has made
 */

/**
 * Lets an admin of a tenant in, who has the permission. Whoever is not signed in is told 401; a member without it, and who is no member, 403.
 *
 * @param {(name: 'admin' | 'member' | 'stranger') => Promise<Record<string, string>>} given.headersOf makes somebody, and signs them in
 * @returns {Promise<WayIn>}
 */
export async function wayIn({ port, tenantId, headersOf }) {
  return {
    port,
    path: pathOf(tenantId),
    headers: await headersOf('admin'),
    refused: [
      { headers: {}, status: 401 },
      { headers: await headersOf('member'), status: 403 },
      { headers: await headersOf('stranger'), status: 403 },
    ],
  };
}

/** The route of a tenant. */
export function pathOf(tenantId) {
  return `/tenants/${tenantId}/tasks`;
}
