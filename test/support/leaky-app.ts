import { randomUUID } from 'node:crypto';
import { setImmediate as tick } from 'node:timers/promises';
import { defineEntity, type EntityRepository, p } from '@mikro-orm/core';
import {
  BadRequestException,
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Headers,
  HttpCode,
  Injectable,
  Module,
  Param,
  Post,
  Res,
  Sse,
  UseGuards,
} from '@nestjs/common';
import { type Observable, filter, map, Subject } from 'rxjs';
import { ContextService, HostDatabase, TenantCatalog } from 'nestjs-host-database';
import { NotAuthenticatedError, TenantAccess, TenantScoped } from 'nestjs-host-database/access';
import { JobsService } from 'nestjs-host-database/jobs';
import { DuplicateMembershipError, MembershipsService } from 'nestjs-host-database/memberships';
import { InjectTenantRepository, TenantDatabases, TenantKeys } from 'nestjs-host-database/tenant-databases';
import { TenantDirectory, TenantsService } from 'nestjs-host-database/tenants';
import { Mistake } from './leaky-mistakes.js';

const NoteSchema = defineEntity({
  name: 'Note',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => randomUUID()),
    text: p.text(),
    related: () => p.manyToMany(Note),
  },
});
export class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

/** Believes the header: what a verified token would say. */
@Injectable()
class HeaderGuard implements CanActivate {
  constructor(private readonly context: ContextService) {}

  canActivate(execution: ExecutionContext): boolean {
    const { headers } = execution.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    const actorUserId = headers['x-user'];
    if (actorUserId !== undefined) this.context.assign({ actorUserId });
    return true;
  }
}

/** A cache that the processes of the application would share. */
@Injectable()
export class SharedCache extends Map<string, unknown> {}

@Injectable()
class Notes {
  private memo: Note[] | undefined;
  private lastTenant = '';
  private readonly ofAll = new Map<string, Note>();
  private readonly tenants = new Set<string>();
  readonly added = new Subject<{ tenantId: string; text: string }>();

  constructor(
    @InjectTenantRepository(Note) private readonly notes: EntityRepository<Note>,
    private readonly tenantDatabases: TenantDatabases,
    private readonly keys: TenantKeys,
    private readonly cache: SharedCache,
    private readonly jobs: JobsService,
    private readonly catalogue: TenantsService,
    private readonly mistake: Mistake,
  ) {}

  async add(tenantId: string, text: string): Promise<Note> {
    this.tenants.add(tenantId);
    const note = this.notes.create({ text });
    await this.notes.getEntityManager().flush();
    this.ofAll.set(note.id, note);
    this.memo = undefined;
    this.cache.clear();
    this.added.next({ tenantId, text });
    await this.jobs.enqueue('notes.index', { text }, this.mistake.is('job-without-tenant') ? {} : { tenantId });
    return note;
  }

  async all(): Promise<Note[]> {
    if (this.mistake.is('memo-without-tenant') && this.memo) return this.memo;
    const key = this.mistake.is('cache-key-without-tenant') ? 'notes' : this.keys.of('notes');
    const notes = await this.notes.findAll();
    this.cache.set(key, notes);
    return (this.memo = notes);
  }

  async allOf(tenantId: string): Promise<Note[]> {
    if (!this.mistake.is('last-tenant-in-a-field')) return this.tenantDatabases.run(tenantId, () => this.all());
    this.lastTenant = tenantId;
    await this.catalogue.getById(tenantId);
    // As where a mail server or another service is asked.
    await tick();
    return this.tenantDatabases.run(this.lastTenant, () => this.all());
  }

  async allWithFallback(tenantId: string): Promise<Note[]> {
    try {
      return await this.allOf(tenantId);
    } catch (error) {
      if (!this.mistake.is('fallback-database')) throw error;
      const other = [...this.tenants].find((id) => id !== tenantId) ?? '';
      return this.allOf(other);
    }
  }

  /** Nothing but the table between two notes is written. */
  async link(): Promise<void> {
    const note = await this.notes.findOneOrFail({ text: { $ne: '' } }, { populate: ['related'], orderBy: { id: 'asc' } });
    if (note.related.isEmpty()) note.related.add(note);
    else note.related.removeAll();
    await this.notes.getEntityManager().flush();
  }

  async get(id: string): Promise<Note | null> {
    return this.mistake.is('index-of-all-tenants') ? (this.ofAll.get(id) ?? null) : this.notes.findOne({ id });
  }
}

/** What `@TenantScoped()` does, where a route does not run in the tenant's database from its beginning to its end. */
@Injectable()
class MembershipGuard implements CanActivate {
  constructor(private readonly access: TenantAccess) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const { params } = execution.switchToHttp().getRequest<{ params: { tenantId: string } }>();
    await this.access.requireMembership(params.tenantId);
    return true;
  }
}

@UseGuards(HeaderGuard)
@Controller('workspaces/:tenantId')
class NotesController {
  constructor(
    private readonly notes: Notes,
    private readonly mistake: Mistake,
    private readonly access: TenantAccess,
    private readonly context: ContextService,
    private readonly tenantDatabases: TenantDatabases,
    private readonly memberships: MembershipsService,
    private readonly hostDatabase: HostDatabase,
  ) {}

  @Post('notes')
  @TenantScoped()
  async add(@Param('tenantId') tenantId: string, @Body() { text }: { text: string }) {
    return this.notes.add(tenantId, text);
  }

  @Post('quick-notes')
  async quickly(@Param('tenantId') tenantId: string) {
    if (!this.mistake.is('write-without-membership')) await this.access.requireMembership(tenantId);
    return this.tenantDatabases.run(tenantId, () => this.notes.add(tenantId, 'quickly'));
  }

  @Post('links')
  @HttpCode(204)
  async link(@Param('tenantId') tenantId: string) {
    if (!this.mistake.is('link-without-membership')) await this.access.requireMembership(tenantId);
    await this.tenantDatabases.run(tenantId, () => this.notes.link());
  }

  @Post('members')
  @HttpCode(204)
  async join(@Param('tenantId') tenantId: string) {
    const { actorUserId: userId } = this.context.current;
    if (userId === undefined) throw new NotAuthenticatedError();
    if (!this.mistake.is('membership-without-check')) await this.access.requireMembership(tenantId);
    try {
      await this.memberships.grant({ userId, tenantId });
    } catch (error) {
      if (!(error instanceof DuplicateMembershipError)) throw error;
    }
  }

  @Post('rename')
  @HttpCode(204)
  async rename(@Param('tenantId') tenantId: string) {
    const isNoted = this.mistake.is('version-noted');
    if (!isNoted && !this.mistake.is('rename-without-membership')) await this.access.requireMembership(tenantId);
    if (isNoted) this.mistake.notes++;
    await this.hostDatabase.transactional(async (em) => {
      const tenant = await em.findOneOrFail(TenantCatalog, { id: tenantId });
      Object.assign(tenant, isNoted ? { schemaVersion: `noted ${randomUUID()}` } : { name: randomUUID() });
    });
  }

  @Get('name')
  async name(@Param('tenantId') tenantId: string) {
    const { actorUserId } = this.context.current;
    const isTold = this.mistake.is('name-for-everybody') || (this.mistake.is('name-without-membership') && actorUserId);
    if (!isTold) await this.access.requireMembership(tenantId);
    return { tenantId, isThere: true };
  }

  @Get('notes')
  @TenantScoped()
  async list(@Res({ passthrough: true }) response: { setHeader(name: string, value: string): void }) {
    response.setHeader('cache-control', this.mistake.is('public-cache-header') ? 'public, max-age=60' : 'private, max-age=60');
    return this.notes.all();
  }

  @Get('notes/:id')
  @TenantScoped()
  async get(@Param('id') id: string) {
    return this.notes.get(id);
  }

  @Get('summary')
  async summary(@Param('tenantId') tenantId: string) {
    if (!this.mistake.is('route-without-membership')) await this.access.requireMembership(tenantId);
    else if (this.context.current.actorUserId === undefined) throw new NotAuthenticatedError();
    return this.notes.allWithFallback(tenantId);
  }

  @Get('teaser')
  async teaser(@Param('tenantId') tenantId: string) {
    if (!this.mistake.is('public-route')) await this.access.requireMembership(tenantId);
    return this.notes.allOf(tenantId);
  }

  @Sse('events')
  @UseGuards(MembershipGuard)
  events(@Param('tenantId') tenantId: string): Observable<{ data: string }> {
    return this.notes.added.pipe(
      filter((event) => this.mistake.is('broadcast-stream') || event.tenantId === tenantId),
      map(({ text }) => ({ data: text })),
    );
  }
}

@UseGuards(HeaderGuard)
@Controller('inbox')
class InboxController {
  constructor(
    private readonly notes: Notes,
    private readonly mistake: Mistake,
    private readonly access: TenantAccess,
    private readonly tenantDatabases: TenantDatabases,
  ) {}

  @Post()
  async add(@Body() { tenantId, text }: { tenantId: string; text: string }) {
    if (!this.mistake.is('tenant-from-the-body')) await this.access.requireMembership(tenantId);
    return this.tenantDatabases.run(tenantId, () => this.notes.add(tenantId, text));
  }
}

@UseGuards(HeaderGuard)
@Controller('current')
class CurrentController {
  constructor(
    private readonly notes: Notes,
    private readonly mistake: Mistake,
    private readonly access: TenantAccess,
    private readonly context: ContextService,
    private readonly tenantDatabases: TenantDatabases,
    private readonly directory: TenantDirectory,
  ) {}

  @Get('notes')
  async list(@Headers('x-tenant-id') tenantId?: string) {
    if (tenantId === undefined) throw new BadRequestException();
    if (!this.mistake.is('tenant-from-a-header')) await this.access.requireMembership(tenantId);
    else if (this.context.current.actorUserId === undefined) throw new NotAuthenticatedError();
    return this.tenantDatabases.run(tenantId, () => this.notes.all());
  }

  @Get('site')
  async site(@Headers('host') host: string) {
    const { id } = await this.directory.getBySlug(host.split('.')[0] ?? '');
    if (!this.mistake.is('tenant-from-a-public-slug')) await this.access.requireMembership(id);
    return this.tenantDatabases.run(id, () => this.notes.all());
  }
}

/** A small application that keeps its tenants apart, unless it is told to make a mistake. */
@Module({
  controllers: [NotesController, InboxController, CurrentController],
  providers: [Notes, SharedCache, Mistake, HeaderGuard, MembershipGuard],
})
export class LeakyApp {}
