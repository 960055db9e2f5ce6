import { decrypt, encrypt } from '../../common/index.js';

/** What reads say in place of what nobody can read again. */
export const ERASED_TEXT = '[erased]';
/** What reads say in place of what looks sealed, and does not open: its key is not there, or it was changed or moved. */
export const UNREADABLE_TEXT = '[unreadable]';

/** What begins so has a meaning for readers, and is not what somebody wrote. */
const MARK = 'enc:';
const PREFIX = `${MARK}v1:`;
const ESCAPE = `${MARK}text:`;
const PATTERN = /^enc:v1:([\w-]+):([\w-]{16})\.([\w-]{22,})$/;

/** A text, and where in the log it is: see {@link placeOf}. */
export interface PlacedText {
  readonly text: string;
  readonly place: string;
}

/** A text as the log stores it, before it is opened. */
export interface SealedText {
  readonly subjectId: string;
  readonly iv: Buffer;
  /** The ciphertext, and the tag after it. */
  readonly bytes: Buffer;
}

/** Where in the log a text is: `<id of the row>:<JSON Pointer of the field>`. The ids are all of one length. */
export function placeOf(rowId: string, pointer: string): string {
  return `${rowId}:${pointer}`;
}

/** Returns the JSON Pointer (RFC 6901) of a field inside of what `parent` points to. */
export function pointerTo(parent: string, field: string): string {
  return `${parent}/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Returns a text that is not to be sealed so that no reader takes it for one that is, whoever wrote it. */
export function clearText(text: string): string {
  return text.startsWith(MARK) ? `${ESCAPE}${text}` : text;
}

/** Returns what {@link clearText} was given. */
export function openClearText(stored: string): string {
  return stored.startsWith(ESCAPE) ? stored.slice(ESCAPE.length) : stored;
}

/**
 * Returns `enc:v1:<subject>:<iv>.<ciphertext and tag>`, its parts in base64url. It opens at its place alone: a copy in another row,
 * whose readers may not read this one, does not.
 */
export function sealText(key: Uint8Array, subjectId: string, { text, place }: PlacedText): string {
  const { iv, sealed: bytes } = encrypt(Buffer.from(text), key, boundTo(subjectId, place));
  return `${PREFIX}${Buffer.from(subjectId).toString('base64url')}:${iv.toString('base64url')}.${bytes.toString('base64url')}`;
}

/** Takes a stored text apart; undefined for one that was never sealed. */
export function parseSealedText(stored: string): SealedText | undefined {
  const [, subject, iv, bytes] = PATTERN.exec(stored) ?? [];
  if (subject === undefined || iv === undefined || bytes === undefined) return undefined;
  return {
    subjectId: Buffer.from(subject, 'base64url').toString(),
    iv: Buffer.from(iv, 'base64url'),
    bytes: Buffer.from(bytes, 'base64url'),
  };
}

/** Returns the text, or `[unreadable]` where the key does not open it, or not at this place. */
export function openText(key: Uint8Array, { subjectId, iv, bytes }: SealedText, place: string): string {
  // One bad row is not to keep the others from their reader.
  return decrypt({ iv, sealed: bytes }, key, boundTo(subjectId, place))?.toString() ?? UNREADABLE_TEXT;
}

function boundTo(subjectId: string, place: string): string {
  return JSON.stringify([place, subjectId]);
}
