import { Injectable, Logger } from '@nestjs/common';
import { UnitOfWork } from '../database/index.js';

/** What members may do in a tenant has changed, and that was committed. */
export interface MembershipChanged {
  readonly tenantId: string;
  /** Whose membership it is; none where it may be anybody's, as after the change of a role that several have. */
  readonly userId?: string | undefined;
}

type Listener = (event: MembershipChanged) => void;

/** Where others hear of changes that this process has made. Those of other processes are told by the database. */
@Injectable()
export class MembershipEvents {
  private readonly logger = new Logger('Memberships');
  private readonly listeners = new Set<Listener>();

  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Hears of committed changes; returns what ends that. */
  onChanged(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Tells of a change once what is being written here has been committed, and never where it is rolled back. */
  changed(event: MembershipChanged): void {
    this.unitOfWork.afterCommit(() => this.emit(event));
  }

  private emit(event: MembershipChanged): void {
    for (const listener of this.listeners) {
      try {
        listener(event);
      } catch (error) {
        // The change is committed: one listener's failure is neither the caller's nor that of the others.
        this.logger.error(`A listener to the members of tenant ${event.tenantId} failed: ${String(error)}`);
      }
    }
  }
}
