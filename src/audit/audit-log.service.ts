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

/** What has happened in a workspace. */
@Injectable()
export class AuditLogService {
  constructor(
    private readonly reader: AuditReader,
    private readonly proofs: AuditProofs,
    private readonly exporter: AuditExporter,
  ) {}

  /** @throws InvalidAuditCursorError, InvalidInputError */
  async find(workspaceId: string, options: TenantAuditFilter & AuditPageOptions): Promise<AuditPage> {
    return this.reader.forTenant(workspaceId).find(options);
  }

  /**
   * Returns the rows as lines of CSV.
   *
   * @throws InvalidInputError
   */
  async toCsv(workspaceId: string, filter: TenantAuditFilter): Promise<AsyncIterable<string>> {
    return this.exporter.exportCsv({ ...filter, scope: workspaceId });
  }

  /**
   * Returns the proof that a row of this workspace is in a signed checkpoint.
   *
   * @throws AuditRowNotFoundError, AuditRowNotSealedError
   */
  async prove(workspaceId: string, rowId: string): Promise<InclusionProof> {
    return this.proofs.proveInclusion(rowId, { scope: workspaceId });
  }
}
