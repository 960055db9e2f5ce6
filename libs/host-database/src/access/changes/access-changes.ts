/** Somebody who remembers what people may do. */
export interface AccessFollower {
  forgetUser(userId: string): void;
  forgetTenant(tenantId: string): void;
  forgetAll(): void;
}

/**
 * Tells whoever remembers what people may do that it has changed: memberships, roles, people, sessions and impersonations, in this process
 * and in others, also with plain SQL.
 */
export abstract class AccessChanges {
  private readonly followers = new Set<AccessFollower>();
  private heard = 0;

  /** How often anything was told. What was asked for before the last time is not to be remembered. */
  get count(): number {
    return this.heard;
  }

  /** Tells `follower` what to forget; returns what ends that. */
  follow(follower: AccessFollower): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  /** Begins to hear, where that has not begun. */
  abstract start(): void;

  /** Whether what is remembered counts at this moment; asked right before it is used. Those who follow have been told by then. */
  abstract isCurrent(): boolean;

  /**
   * Resolves once every process of the installation has been told what is committed by now, so that none lets anybody in any more whom
   * that keeps out. At once on SQLite, where each process looks for itself. On PostgreSQL a process that does not answer, since it is
   * paused or has just lost its connection, is waited for a second. Never rejects.
   */
  abstract spread(): Promise<void>;

  /** Hears no more, and nothing is remembered from then on. */
  abstract close(): Promise<void>;

  async beforeApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** `user:<id>`, `tenant:<id>`; what is neither may have been meant for anybody. */
  protected tell(subjects: readonly string[]): void {
    this.heard++;
    for (const subject of subjects) {
      const [, kind, id = ''] = SUBJECT.exec(subject) ?? [];
      for (const follower of this.followers) {
        if (kind === 'user') follower.forgetUser(id);
        else if (kind === 'tenant') follower.forgetTenant(id);
        else follower.forgetAll();
      }
    }
  }

  protected tellAll(): void {
    this.heard++;
    for (const follower of this.followers) follower.forgetAll();
  }
}

const SUBJECT = /^(user|tenant):([0-9a-f]{32})$/;

/** Whether a text names whose access was changed. */
export function isAccessSubject(text: string): boolean {
  return SUBJECT.test(text);
}

/** Changes are not told here, and nothing is remembered. */
export class UnheardAccessChanges extends AccessChanges {
  start(): void {
    // There is nothing to listen to.
  }

  isCurrent(): boolean {
    return false;
  }

  async spread(): Promise<void> {
    // The triggers tell those who listen.
  }

  async close(): Promise<void> {
    // Nothing was begun.
  }
}
