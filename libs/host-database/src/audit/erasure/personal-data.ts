/** A person's data on their way into the log and out of it. */
export abstract class PersonalData {
  /** Whether what is stored can be made unreadable later. */
  abstract readonly isErasable: boolean;
  /** Returns the text as it is stored: readable only as long as the subject's key is there. */
  abstract seal(subjectId: string, text: string): Promise<string>;
  /** Returns stored texts as they were, `[erased]` where the subject is. Texts that were never sealed stay as they are. */
  abstract reveal(texts: readonly string[]): Promise<string[]>;
}

/** Without a key, the log keeps personal data as they are. */
export class ClearPersonalData extends PersonalData {
  readonly isErasable = false;

  async seal(_subjectId: string, text: string): Promise<string> {
    return text;
  }

  async reveal(texts: readonly string[]): Promise<string[]> {
    return [...texts];
  }
}
