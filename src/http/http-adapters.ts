import type { AbstractHttpAdapter } from '@nestjs/core';
import { genId } from 'nestjs-host-database';
import { problemHeaders, problemOf } from './problem.js';

/** What can serve the application. */
export const HTTP_ADAPTERS = ['express', 'fastify'] as const;

export type HttpAdapterName = (typeof HTTP_ADAPTERS)[number];

/** What is used of Fastify's reply, whichever version of HTTP it speaks. */
interface RawReply {
  readonly raw: { writeHead(status: number, headers: Record<string, string>): { end(body: string): unknown } };
}

/** What stands in front of an adapter. */
export interface HttpAdapterOptions {
  /** The addresses of proxies that are believed about where a request comes from; anybody else may have made it up. @default none */
  readonly trustedProxies?: readonly string[];
}

/** Makes the adapter of that name; only its package is loaded. */
export async function createHttpAdapter(
  name: HttpAdapterName,
  { trustedProxies = [] }: HttpAdapterOptions = {},
): Promise<AbstractHttpAdapter> {
  if (name === 'express') {
    const { ExpressAdapter } = await import('@nestjs/platform-express');
    const adapter = new ExpressAdapter();
    if (trustedProxies.length > 0) adapter.set('trust proxy', trustedProxies);
    return adapter;
  }
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  return new FastifyAdapter({
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    // A path that cannot be decoded is refused before Nest and its filters see the request.
    frameworkErrors: (error: Error, { url }: { readonly url: string }, { raw }: RawReply) => {
      const problem = problemOf(error, { url, requestId: genId() });
      raw.writeHead(problem.status, problemHeaders(problem)).end(JSON.stringify(problem));
    },
  });
}
