import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { JobHandler, type JobRun, JobsService, Snooze } from 'nestjs-host-database/jobs';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

@Injectable()
class Handlers {
  work: (run: JobRun) => unknown = () => undefined;

  @JobHandler('tests.do-some', { queue: 'traced' })
  async doSome(run: JobRun): Promise<unknown> {
    return this.work(run);
  }
}

describe.each(['sqlite', 'postgresql'] as const)('OpenTelemetry on %s', (database) => {
  const exporter = new InMemorySpanExporter();
  let host: TestHost;

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    host = await createTestHost({ database, providers: [Handlers] });
    exporter.reset();
  });
  afterEach(async () => {
    await host.close();
    jest.restoreAllMocks();
  });

  const enqueue = () => host.run(() => host.get(JobsService).enqueue('tests.do-some', null));
  const spans = (kind: SpanKind): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.kind === kind);

  describe('with a provider', () => {
    let provider: TracerProvider;

    beforeAll(() => {
      provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
      trace.setGlobalTracerProvider(provider);
      propagation.setGlobalPropagator(new W3CTraceContextPropagator());
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    });
    // The registration is one for all of this process.
    afterAll(async () => {
      for (const api of [trace, propagation, context]) api.disable();
      await provider.shutdown();
    });

    it('spans the enqueueing, as part of what enqueues', async () => {
      const request = await trace.getTracer('spec').startActiveSpan('request', async (span) => {
        await enqueue();
        span.end();
        return span.spanContext();
      });
      const [producer, ...others] = spans(SpanKind.PRODUCER);
      expect(others).toEqual([]);
      expect(producer).toMatchObject({
        name: 'enqueue tests.do-some',
        parentSpanContext: { spanId: request.spanId, traceId: request.traceId },
        attributes: {
          'messaging.system': 'nestjs-host-database',
          'messaging.operation.type': 'send',
          'messaging.destination.name': 'traced',
        },
        status: { code: SpanStatusCode.UNSET },
      });
    });

    it('spans each attempt, in a trace of its own that is linked to the one of the enqueueing', async () => {
      const seen: unknown[] = [];
      host.get(Handlers).work = ({ attempt }) => {
        seen.push(trace.getActiveSpan()?.spanContext().spanId);
        if (attempt === 1) throw new TypeError('no');
      };
      const job = await enqueue();
      const { spanId, traceId } = spans(SpanKind.PRODUCER)[0]?.spanContext() ?? {};
      expect(job.traceContext).toBe(`00-${traceId}-${spanId}-01`);
      await host.jobs.drain();
      host.clock.advance(3_600_000);
      await host.jobs.drain();

      const attempts = spans(SpanKind.CONSUMER);
      expect(attempts.map((span) => span.spanContext().spanId)).toEqual(seen);
      for (const [index, span] of attempts.entries()) {
        expect(span).toMatchObject({
          name: 'run tests.do-some',
          parentSpanContext: undefined,
          links: [{ context: { spanId, traceId } }],
          attributes: {
            'messaging.system': 'nestjs-host-database',
            'messaging.operation.type': 'process',
            'messaging.destination.name': 'traced',
            'messaging.message.id': job.id,
            'job.attempt': index + 1,
          },
        });
      }
      expect(attempts.map(({ status }) => status)).toEqual([
        { code: SpanStatusCode.ERROR, message: 'TypeError: no' },
        { code: SpanStatusCode.UNSET },
      ]);
      expect(attempts[0]?.events).toMatchObject([{ name: 'exception', attributes: { 'exception.type': 'TypeError' } }]);
    });

    it('keeps one span for many jobs', async () => {
      await host.run(() => host.get(JobsService).enqueueMany('tests.do-some', [{ payload: 1 }, { payload: 2 }]));
      expect(spans(SpanKind.PRODUCER)).toHaveLength(1);
      await host.jobs.drain();
      const spanId = spans(SpanKind.PRODUCER)[0]?.spanContext().spanId;
      expect(spans(SpanKind.CONSUMER).map(({ links }) => links[0]?.context.spanId)).toEqual([spanId, spanId]);
    });

    it('does not take a snooze for an error', async () => {
      host.get(Handlers).work = () => {
        throw new Snooze(1_000);
      };
      await enqueue();
      await host.jobs.drain();
      expect(spans(SpanKind.CONSUMER)).toMatchObject([{ status: { code: SpanStatusCode.UNSET }, events: [] }]);
    });

    it('marks an enqueueing that failed', async () => {
      const work = host.run(async () => {
        await host.hostDatabase.em.execute('alter table sys_jobs rename to jobs_elsewhere');
        await host.get(JobsService).enqueue('tests.do-some', null);
      });
      await expect(work).rejects.toThrow('sys_jobs');
      expect(spans(SpanKind.PRODUCER)).toMatchObject([{ status: { code: SpanStatusCode.ERROR } }]);
    });
  });

  it('stores nothing where nobody records', async () => {
    const job = await enqueue();
    expect(job.traceContext).toBeNull();
    expect(await host.jobs.runOne()).toMatchObject({ status: 'completed', traceContext: null });
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('runs a job whose trace context says nothing', async () => {
    const { id } = await enqueue();
    await host.run(() => host.hostDatabase.systemJobs.nativeUpdate({ id }, { traceContext: 'nonsense' }));
    expect(await host.jobs.runOne()).toMatchObject({ status: 'completed' });
  });
});
