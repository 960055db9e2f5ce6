import { PersonalData } from './personal-data.js';
import {
  ERASED_TEXT,
  openClearText,
  openText,
  parseSealedText,
  type PlacedText,
  sealText,
  UNREADABLE_TEXT,
} from './sealed-text.js';
import type { SubjectKeys } from './subject-keys.js';

/**
 * Encrypts personal data for the person that they are about (AES-256-GCM), so that dropping the person's key makes all of them
 * unreadable at once, while the rows and their hashes stay as they are.
 */
export class EncryptedPersonalData extends PersonalData {
  readonly isErasable = true;

  constructor(private readonly keys: SubjectKeys) {
    super();
  }

  /**
   * Returns the text encrypted, `[erased]` where the person was erased before. A key that is made for it stays although the caller's
   * transaction is rolled back.
   *
   * @throws AuditKeyUnavailableError, InvalidInputError
   */
  async seal(subjectId: string, text: PlacedText): Promise<string> {
    const key = await this.keys.obtain(subjectId);
    return key === 'erased' ? ERASED_TEXT : sealText(key, subjectId, text);
  }

  /**
   * Returns texts in clear, `[erased]` where the person was, `[unreadable]` where a text does not open with the person's key or at its
   * place, and texts that were never sealed as they were.
   *
   * @throws AuditKeyUnavailableError
   */
  async reveal(texts: readonly PlacedText[]): Promise<string[]> {
    const parsed = texts.map(({ text }) => parseSealedText(text));
    const keys = await this.keys.find(new Set(parsed.flatMap((sealed) => sealed?.subjectId ?? [])));
    return parsed.map((sealed, index) => {
      const { text, place } = texts[index]!;
      if (!sealed) return openClearText(text);
      const key = keys.get(sealed.subjectId);
      if (key === 'erased') return ERASED_TEXT;
      return key ? openText(key, sealed, place) : UNREADABLE_TEXT;
    });
  }
}
