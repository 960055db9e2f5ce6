import { Injectable } from '@nestjs/common';
import {
  AuditExporter,
  type AuditPage,
  type AuditPageOptions,
  AuditProofs,
  AuditReader,
  type InclusionProof,
  type TenantAuditFilter,
} from 'nestjs-host-database/audit';
import type { MembershipRole } from 'nestjs-host-database/memberships';
import { WorkspaceRolesService } from '../workspaces/workspace-roles.service.js';

/** Who may read what has happened in a workspace. */
export const AUDIT_READERS: readonly MembershipRole[] = ['owner', 'admin'];

/** What has happened in a workspace, for those who run it. */
@Injectable()
export class AuditLogService {
  constructor(
    private readonly reader: AuditReader,
    private readonly proofs: AuditProofs,
    private readonly exporter: AuditExporter,
    private readonly roles: WorkspaceRolesService,
  ) {}

  /** @throws TenantAccessDeniedError, RoleRequiredError, InvalidAuditCursorError, InvalidInputError */
  async find(workspaceId: string, options: TenantAuditFilter & AuditPageOptions): Promise<AuditPage> {
    await this.roles.requireOneOf(workspaceId, AUDIT_READERS);
    return this.reader.forTenant(workspaceId).find(options);
  }

  /**
   * Returns the rows as lines of CSV.
   *
   * @throws TenantAccessDeniedError, RoleRequiredError, InvalidInputError
   */
  async toCsv(workspaceId: string, filter: TenantAuditFilter): Promise<AsyncIterable<string>> {
    await this.roles.requireOneOf(workspaceId, AUDIT_READERS);
    return this.exporter.exportCsv({ ...filter, scope: workspaceId });
  }

  /**
   * Returns the proof that a row of this workspace is in a signed checkpoint.
   *
   * @throws TenantAccessDeniedError, RoleRequiredError
   * @throws AuditRowNotFoundError, AuditRowNotSealedError
   */
  async prove(workspaceId: string, rowId: string): Promise<InclusionProof> {
    await this.roles.requireOneOf(workspaceId, AUDIT_READERS);
    return this.proofs.proveInclusion(rowId, { scope: workspaceId });
  }
}
