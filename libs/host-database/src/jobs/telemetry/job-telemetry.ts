import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Attributes, Context, SpanKind, TextMapGetter, TextMapSetter, Tracer } from '@opentelemetry/api';
import { Snooze } from '../job-control.js';
import type { JobAttempt } from '../worker/job-attempt.js';

type Api = typeof import('@opentelemetry/api');

const INSTRUMENTATION = 'nestjs-host-database';
const ATTRIBUTES = {
  system: 'messaging.system',
  operation: 'messaging.operation.type',
  destination: 'messaging.destination.name',
  messageId: 'messaging.message.id',
} as const;

/**
 * Spans of jobs, where the application has `@opentelemetry/api` and a provider for it: one when jobs are enqueued, whose context is
 * kept with them, and one for each attempt, linked to it. Costs nothing where there is none.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
@Injectable()
export class JobTelemetry implements OnModuleInit {
  private api: Api | undefined;
  private tracer: Tracer | undefined;

  async onModuleInit(): Promise<void> {
    try {
      this.api = await import('@opentelemetry/api');
      this.tracer = this.api.trace.getTracer(INSTRUMENTATION);
    } catch {
      // An optional peer: without it there is nothing to trace with.
    }
  }

  /** Runs `enqueue` in a span, and tells it the W3C trace context to keep with its jobs; null where nobody records. */
  async enqueue<T>(jobType: string, queue: string, enqueue: (traceContext: string | null) => Promise<T>): Promise<T> {
    const { api, tracer } = this;
    if (!api || !tracer || !isTraced(api)) return enqueue(null);
    const span = tracer.startSpan(`enqueue ${jobType}`, {
      kind: 3 satisfies SpanKind.PRODUCER,
      attributes: attributesOf(queue, 'send'),
    });
    if (!span.isRecording()) return enqueue(null);
    const context = api.trace.setSpan(api.context.active(), span);
    const carrier: Record<string, string> = {};
    api.propagation.inject(context, carrier, setter);
    try {
      return await api.context.with(context, () => enqueue(carrier.traceparent ?? null));
    } catch (error) {
      span.recordException(error as Error);
      span.setStatus({ code: api.SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  }

  /** Runs an attempt in a span that is linked to the one in which its job was enqueued. */
  async run<T>(attempt: JobAttempt, work: () => Promise<T>): Promise<T> {
    const { api, tracer } = this;
    if (!api || !tracer || !isTraced(api)) return work();
    const { job } = attempt;
    const links = job.traceContext === null ? [] : this.linkTo(api, job.traceContext);
    const span = tracer.startSpan(`run ${job.jobType}`, {
      kind: 4 satisfies SpanKind.CONSUMER,
      root: true,
      links,
      attributes: { ...attributesOf(job.queue, 'process'), [ATTRIBUTES.messageId]: job.id, 'job.attempt': job.attempt },
    });
    if (!span.isRecording()) return work();
    try {
      return await api.context.with(api.trace.setSpan(api.context.active(), span), work);
    } catch (error) {
      if (!(error instanceof Snooze)) {
        span.recordException(error as Error);
        span.setStatus({ code: api.SpanStatusCode.ERROR, message: String(error) });
      }
      throw error;
    } finally {
      span.end();
    }
  }

  private linkTo(api: Api, traceparent: string) {
    const context: Context = api.propagation.extract(api.ROOT_CONTEXT, { traceparent }, getter);
    const spanContext = api.trace.getSpanContext(context);
    return spanContext ? [{ context: spanContext }] : [];
  }
}

const setter: TextMapSetter<Record<string, string>> = {
  set: (carrier, key, value) => {
    carrier[key] = value;
  },
};

const getter: TextMapGetter<Record<string, string>> = {
  get: (carrier, key) => carrier[key],
  keys: (carrier) => Object.keys(carrier),
};

/** Whether a provider is registered: one may come at any time. A span that nobody records would still cost a job part of its time. */
function isTraced({ trace, ProxyTracerProvider }: Api): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(INSTRUMENTATION) !== undefined;
}

function attributesOf(queue: string, operation: string): Attributes {
  return {
    [ATTRIBUTES.system]: INSTRUMENTATION,
    [ATTRIBUTES.operation]: operation,
    [ATTRIBUTES.destination]: queue,
  };
}
