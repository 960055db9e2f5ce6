/** Who is told of changes that this process and others have committed. */
export interface ChangeListener {
  /** What these name was changed. */
  onChanged(subjects: readonly string[]): void;
  /** From now on every change is told. Those of before may have been missed. */
  onHearing(): void;
  /** Changes may have been missed, or may be from now on. */
  onGap(): void;
  /** Whether there is anything that a change would matter for. */
  isInterested(): boolean;
}

/** Tells of changes to some tables of the host database. */
export abstract class ChangeFeed {
  /** Whether every change is told at this moment. */
  abstract readonly isHearing: boolean;
  /** Begins to listen, where that has not begun or has ended. */
  abstract start(listener: ChangeListener): void;
  abstract close(): Promise<void>;
}

/** Changes are not told here. */
export class UnheardChangeFeed extends ChangeFeed {
  readonly isHearing = false;

  start(): void {
    // There is nothing to listen to.
  }

  async close(): Promise<void> {
    // Nothing was begun.
  }
}
