import { effectiveStatus, type TenantCatalog, type TenantMode, type TenantStatus } from '../tenant-catalog.entity.js';
import { TenantNotActiveError } from '../tenants.errors.js';

/** What is read of a tenant's row. */
export type TenantRow = Pick<
  TenantCatalog,
  | 'id'
  | 'name'
  | 'slug'
  | 'planTier'
  | 'status'
  | 'isActive'
  | 'dbUrl'
  | 'mode'
  | 'server'
  | 'generation'
  | 'schemaVersion'
  | 'schemaDigest'
  | 'cutsWork'
>;

/** When and how a row was read. */
export interface TenantReading {
  /** In milliseconds of the process's monotonic clock. */
  readonly askedAt: number;
  /** Inside a transaction the catalogue may show what is never committed: that is for its caller only. */
  readonly isCommitted: boolean;
}

/** What the catalogue said of a tenant. It does not change: what the catalogue says later is another record. */
export class TenantRecord {
  readonly id: string;
  readonly name: string;
  readonly slug: string | null;
  readonly planTier: string;
  /** As it counts: a tenant whose flag was taken back is suspended. */
  readonly status: TenantStatus;
  readonly mode: TenantMode;
  readonly server: string | null;
  readonly generation: number;
  readonly schemaVersion: string | null;
  readonly schemaDigest: string | null;
  /** Whether work that is under way is to be cut: it was closed without draining. */
  readonly cutsWork: boolean;
  readonly isCommitted: boolean;
  /** When the catalogue said so last, in milliseconds of the process's monotonic clock. */
  askedAt: number;
  /** Until when the catalogue need not be asked again, by the same clock; 0 once it has to be. */
  freshUntil = 0;
  // Not for logs, which print the fields of whatever they are given.
  readonly #dbUrl: string | null;

  constructor(row: TenantRow, { askedAt, isCommitted }: TenantReading) {
    this.id = row.id;
    this.name = row.name;
    this.slug = row.slug ?? null;
    this.planTier = row.planTier;
    this.status = effectiveStatus(row);
    this.mode = row.mode;
    this.server = row.server ?? null;
    this.generation = row.generation;
    this.schemaVersion = row.schemaVersion ?? null;
    this.schemaDigest = row.schemaDigest ?? null;
    this.#dbUrl = row.dbUrl ?? null;
    this.cutsWork = row.cutsWork;
    this.isCommitted = isCommitted;
    this.askedAt = askedAt;
  }

  /** The address of its database as the catalogue has it: an envelope, or clear and without a password. */
  get dbUrl(): string | null {
    return this.#dbUrl;
  }

  /** @throws TenantNotActiveError when it cannot be entered */
  assertActive(): string {
    if (this.status !== 'active' || this.#dbUrl === null) throw new TenantNotActiveError(this.id, this.status);
    return this.#dbUrl;
  }

  /** Whether the catalogue said the same both times. */
  saysTheSameAs(other: TenantRecord): boolean {
    return (
      this.status === other.status &&
      this.cutsWork === other.cutsWork &&
      this.#dbUrl === other.#dbUrl &&
      this.slug === other.slug &&
      this.generation === other.generation &&
      this.schemaVersion === other.schemaVersion &&
      this.schemaDigest === other.schemaDigest &&
      this.server === other.server &&
      this.mode === other.mode &&
      this.planTier === other.planTier &&
      this.name === other.name
    );
  }
}
