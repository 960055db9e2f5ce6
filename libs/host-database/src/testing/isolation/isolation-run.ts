import type { INestApplication } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { SystemJob } from '../../jobs/index.js';
import type {
  IsolationProbe,
  IsolationReport,
  ProbeRequest,
  ProbeVisitor,
  TenantLeak,
  TenantLeakKind,
} from './isolation-probe.js';
import { VacuousProbeError } from './isolation.errors.js';
import { idsIn, withIdsOf } from './foreign-ids.js';
import { hostContentsOf } from './host-contents.js';
import { type ProbeAnswer, ProbeClient, type ProbeSender } from './probe-client.js';
import { getRoutesOf, requestsFor } from './routes.js';
import { contentsOf } from './tenant-contents.js';
import { headersInto, headersOfNobody, ownHeaders } from './tenant-headers.js';

const ROUNDS = 10;
/** How many ids of the other tenant each parameter of a route is tried with. */
const IDS_PER_PARAMETER = 50;

/** One of the two, with what is theirs. */
interface Side {
  readonly visitor: ProbeVisitor;
  /** As whom they ask in their own tenant. */
  readonly own: ProbeSender;
  readonly canary: string;
  readonly requests: readonly ProbeRequest[];
  /** What looked like an id in the answers to them. */
  readonly ids: Set<string>;
}

/** What is asked for in a tenant by one who is no member of it. */
interface ForeignRequests {
  readonly requests: readonly ProbeRequest[];
  readonly sender: ProbeSender;
  readonly kind: 'open-door' | 'no-door';
}

/** One search for leaks. */
export class IsolationRun {
  private readonly found = new Map<string, TenantLeak>();
  private ownAnswers = 0;
  private routes: readonly string[] = [];

  private constructor(
    private readonly app: INestApplication,
    private readonly probe: IsolationProbe,
    private readonly client: ProbeClient,
    private readonly sides: readonly [Side, Side],
  ) {}

  static async begin(app: INestApplication, probe: IsolationProbe, newCanary: () => string): Promise<IsolationRun> {
    const [first, second] = probe.visitors;
    if (first.tenantId === second.tenantId)
      throw new VacuousProbeError('both visitors are of the same tenant. Pass two of different ones.');
    const side = async (visitor: ProbeVisitor): Promise<Side> => {
      const canary = newCanary();
      await probe.plant(visitor, canary);
      const own = { headers: ownHeaders(probe, visitor) };
      return { visitor, own, canary, requests: await probe.requests(visitor), ids: new Set([visitor.tenantId]) };
    };
    return new IsolationRun(app, probe, await ProbeClient.of(app), [await side(first), await side(second)]);
  }

  get leaks(): readonly TenantLeak[] {
    return [...this.found.values()];
  }

  /** @throws VacuousProbeError */
  assertSeen(): void {
    if (this.ownAnswers === 0) {
      throw new VacuousProbeError(
        'no answer has shown a visitor what was planted in their own tenant. Add a request to `requests` whose answer does.',
      );
    }
  }

  async look(): Promise<IsolationReport> {
    await this.askTogether();
    await this.readInTurn();
    await this.tryDoors();
    await this.askAsNobody();
    await this.listenToStreams();
    await this.readInTurn();
    await this.readRows();
    await this.readJobs();
    await this.readStores();
    await this.askWhileAway();
    return { requests: this.client.requests, routes: this.routes, ownAnswers: this.ownAnswers };
  }

  /** Both at once, so that what is kept between two requests, or between two lines of one, gets its chance to be mixed up. */
  private async askTogether(): Promise<void> {
    for (let round = 0; round < (this.probe.rounds ?? ROUNDS); round++) {
      const twice = [...this.pairs(), ...this.pairs()];
      await Promise.all(twice.flatMap(([mine, other]) => mine.requests.map((request) => this.askOwn(request, mine, other))));
    }
  }

  /** One after the other, and nothing is written between: what one's answer has left in a memory is still there. */
  private async readInTurn(): Promise<void> {
    for (const [mine, other] of this.pairs()) {
      for (const request of mine.requests.filter(({ method = 'GET' }) => method === 'GET'))
        await this.askOwn(request, mine, other);
    }
  }

  private async askOwn(request: ProbeRequest, mine: Side, other: Side): Promise<void> {
    const answer = await this.client.ask(request, mine.own);
    for (const id of idsIn(answer.body)) mine.ids.add(id);
    if (answer.text.includes(mine.canary)) this.countOwn(answer, mine);
    this.lookFor(other, answer, 'foreign-answer');
  }

  private countOwn(answer: ProbeAnswer, mine: Side): void {
    this.ownAnswers++;
    if (/\bpublic\b|\bs-maxage\b/.test(answer.cacheControl)) this.report('shared-cache-header', mine, answer.name);
  }

  /** What one asks is asked by the other: by name of the tenant, by ids that they should not know, through routes that nobody thought of. */
  private async tryDoors(): Promise<void> {
    this.routes = (this.probe.discover ?? true) ? getRoutesOf(this.app) : [];
    for (const [mine, other] of this.pairs()) {
      const theirs = withIdsOf([...other.requests, ...mine.requests], mine.visitor, other.visitor);
      const requests = [...theirs, ...this.discovered(other, [other.visitor.tenantId, mine.visitor.tenantId])];
      await this.unchanged(other, { requests, sender: mine.own, kind: 'open-door' });
      const headers = headersInto(this.probe, mine.visitor, other.visitor);
      // In one's own tenant, too, as far as the path says.
      if (headers) {
        await this.unchanged(other, {
          requests: [...requests, ...mine.requests],
          sender: { headers, note: ' with the headers of the other tenant' },
          kind: 'open-door',
        });
      }
    }
  }

  private async askAsNobody(): Promise<void> {
    for (const [, other] of this.pairs()) {
      const requests = [...other.requests, ...this.discovered(other, [other.visitor.tenantId])];
      await this.unchanged(other, { requests, sender: {}, kind: 'no-door' });
      const headers = headersOfNobody(this.probe, other.visitor);
      if (headers) await this.unchanged(other, { requests, sender: { headers, note: ' with its headers' }, kind: 'no-door' });
    }
  }

  /** Asks what must neither show nor change anything of the other's tenant. */
  private async unchanged(other: Side, { requests, sender, kind }: ForeignRequests): Promise<void> {
    const before = await this.rowsOf(other);
    for (const request of requests) this.lookForForeign(other, request, await this.client.ask(request, sender), kind);
    for (const [table, rows] of await this.rowsOf(other)) {
      if (rows !== before.get(table)) {
        this.report('foreign-row', other, `${table}, which ${kind === 'no-door' ? 'nobody' : "the other's requests"} changed`);
      }
    }
  }

  /** In its database, and in the host's. */
  private async rowsOf({ visitor: { tenantId } }: Side): Promise<ReadonlyMap<string, string>> {
    return new Map([...(await contentsOf(this.app, tenantId)), ...(await hostContentsOf(this.app, tenantId))]);
  }

  /** The tenant's data, or its id: who is no member is not told that there is such a tenant. */
  private lookForForeign(other: Side, request: ProbeRequest, answer: ProbeAnswer, kind: TenantLeakKind): void {
    if (answer.text.includes(other.canary)) return this.lookFor(other, answer, kind);
    const isAnswered = answer.status >= 200 && answer.status < 300;
    if (!isAnswered || !answer.body.includes(other.visitor.tenantId) || this.probe.public?.(request.path) === true) return;
    this.report(kind, other, `${answer.name} answered ${answer.status}, naming the tenant`);
  }

  /** Every route with what is known of the other tenant: there, and in one's own, where it has no place either. */
  private discovered(other: Side, tenantIds: readonly string[]): ProbeRequest[] {
    return requestsFor(this.routes, { tenantIds, ids: [...other.ids].slice(0, IDS_PER_PARAMETER) });
  }

  private async readRows(): Promise<void> {
    for (const [mine, other] of this.pairs()) {
      for (const [table, rows] of await contentsOf(this.app, mine.visitor.tenantId)) {
        if (rows.includes(other.canary)) this.report('foreign-row', other, `${table} of tenant ${mine.visitor.tenantId}`);
      }
    }
  }

  private async listenToStreams(): Promise<void> {
    const { streams, plant } = this.probe;
    if (!streams) return;
    for (const [mine, other] of this.pairs()) {
      const open = (side: Side) => Promise.all(streams(side.visitor).map((request) => this.client.open(request, side.own)));
      const [ofMine, ofOther] = [await open(mine), await open(other)];
      await plant(other.visitor, other.canary);
      await plant(mine.visitor, mine.canary);
      // Its own event comes after the other's: once it is there, what would have come has come.
      const seen = await Promise.all([
        ...ofMine.map((stream) => stream.said(mine.canary)),
        ...ofOther.map((stream) => stream.said(other.canary)),
      ]);
      for (const stream of ofMine) if (stream.text().includes(other.canary)) this.report('foreign-event', other, stream.name);
      await Promise.all([...ofMine, ...ofOther].map((stream) => stream.close()));
      if (!seen.every(Boolean)) {
        throw new VacuousProbeError('a stream has not shown a visitor what was planted in their own tenant while it was open.');
      }
    }
  }

  private async readJobs(): Promise<void> {
    const jobs = await this.app.get(UnitOfWork, { strict: false }).run((em) => em.find(SystemJob, {}));
    for (const { jobType, payload, tenantId } of jobs) {
      for (const side of this.sides) {
        const isTheirs = JSON.stringify(payload ?? null).includes(side.canary);
        if (isTheirs && tenantId !== side.visitor.tenantId) {
          this.report('job-without-tenant', side, `job ${jobType}, of ${tenantId === null ? 'no tenant' : `tenant ${tenantId}`}`);
        }
      }
    }
  }

  private async readStores(): Promise<void> {
    for (const store of this.probe.stores ?? []) {
      for (const [key, value] of await store.entries()) {
        for (const side of this.sides) {
          const isTheirs = (JSON.stringify(value) ?? '').includes(side.canary) || key.includes(side.canary);
          if (isTheirs && !key.includes(side.visitor.tenantId)) this.report('shared-key', side, `key ${key} of ${store.name}`);
        }
      }
    }
  }

  /** A tenant whose database is away is refused, and never served from somebody else's. */
  private async askWhileAway(): Promise<void> {
    const { faults } = this.probe;
    if (!faults) return;
    for (const [mine, other] of this.pairs()) {
      const heal = faults.fail({ tenantId: mine.visitor.tenantId });
      try {
        for (const request of mine.requests) {
          this.lookFor(other, await this.client.ask(request, mine.own), 'foreign-fallback');
        }
      } finally {
        heal();
      }
    }
  }

  private pairs(): [Side, Side][] {
    const [first, second] = this.sides;
    return [
      [first, second],
      [second, first],
    ];
  }

  private lookFor(other: Side, answer: ProbeAnswer, kind: TenantLeakKind): void {
    if (answer.text.includes(other.canary)) this.report(kind, other, `${answer.name} answered ${answer.status}`);
  }

  private report(kind: TenantLeakKind, { visitor }: Side, where: string): void {
    this.found.set(`${kind} ${where} ${visitor.tenantId}`, { kind, ofTenantId: visitor.tenantId, where });
  }
}
