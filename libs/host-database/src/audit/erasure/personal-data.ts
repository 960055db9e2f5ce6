import { clearText, openClearText, type PlacedText } from './sealed-text.js';

/** A person's data on their way into the log and out of it. */
export abstract class PersonalData {
  /** Whether what is stored can be made unreadable later. */
  abstract readonly isErasable: boolean;
  /** Returns the text as it is stored: readable at its place only, and only as long as the subject's key is there. */
  abstract seal(subjectId: string, text: PlacedText): Promise<string>;
  /** Returns stored texts as they were before they were sealed or escaped, `[erased]` where the subject is. */
  abstract reveal(texts: readonly PlacedText[]): Promise<string[]>;
}

/** Without a key, the log keeps personal data as they are. */
export class ClearPersonalData extends PersonalData {
  readonly isErasable = false;

  async seal(_subjectId: string, { text }: PlacedText): Promise<string> {
    // Encryption may be turned on later, and would take it for a sealed one then.
    return clearText(text);
  }

  async reveal(texts: readonly PlacedText[]): Promise<string[]> {
    return texts.map(({ text }) => openClearText(text));
  }
}
