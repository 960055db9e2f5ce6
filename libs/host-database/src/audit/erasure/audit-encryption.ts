import { Injectable } from '@nestjs/common';
import { assertInt32 } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { AuditSubjectKey } from './audit-subject-key.entity.js';
import { KeyWrapping } from './key-wrapping.js';

/** How many keys to wrap at once. */
export interface RewrapOptions {
  /** @default 500 */
  readonly batch?: number;
}

/** The wrapping of the persons' keys. */
@Injectable()
export class AuditEncryption {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly wrapping: KeyWrapping,
  ) {}

  /**
   * Wraps every key that a former key has wrapped with the current one, `audit.encryption.keyId`, and returns how many those were.
   * Afterwards the former one may be taken out of `audit.encryption.keys`: first in all processes the new key, then this, then that.
   *
   * Each batch is a transaction of its own, so that one that was interrupted goes on where it was. Nothing that was sealed changes.
   *
   * @throws ErasureNotConfiguredError, AuditKeyUnavailableError
   */
  async rewrapKeys({ batch = 500 }: RewrapOptions = {}): Promise<number> {
    assertInt32(batch, 'batch', 1);
    const current = this.wrapping.currentKeyId;
    let rewrapped = 0;
    for (let after = ''; ;) {
      const keys = await this.unitOfWork.run((em) =>
        em.find(
          AuditSubjectKey,
          { subjectId: { $gt: after }, wrappedKey: { $ne: null } },
          { orderBy: { subjectId: 'asc' }, limit: batch, disableIdentityMap: true },
        ),
      );
      const old = keys.filter(({ wrappedKey }) => this.wrapping.keyIdOf(wrappedKey!) !== current);
      if (old.length > 0) rewrapped += await this.rewrap(old);
      if (keys.length < batch) return rewrapped;
      after = keys.at(-1)!.subjectId;
    }
  }

  private async rewrap(keys: readonly AuditSubjectKey[]): Promise<number> {
    return this.unitOfWork.run(() =>
      this.unitOfWork.transactional(async (em) => {
        let rewrapped = 0;
        for (const { subjectId, wrappedKey } of keys) {
          const again = this.wrapping.wrap(this.wrapping.unwrap(wrappedKey!, subjectId), subjectId);
          // Only the key that was read: the person may have been erased meanwhile.
          rewrapped += await em.nativeUpdate(AuditSubjectKey, { subjectId, wrappedKey }, { wrappedKey: again });
        }
        return rewrapped;
      }),
    );
  }
}
