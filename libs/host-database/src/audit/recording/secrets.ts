/** What stands where a secret was. */
export const REDACTED = '[redacted]';

/** A field with one of these words in its name holds a secret, whatever it looks like. */
const SECRET_WORDS = new Set(
  'authorization cookie cookies credential credentials dsn hotp mnemonic otp passwd passphrase password passwords pin pw pwd secret secrets token tokens totp'.split(
    ' ',
  ),
);
/** So does one with these words next to each other, or without a space between them. */
const SECRET_PHRASES = new RegExp(
  [
    'password|passphrase|^(?:hash|seed)$',
    String.raw`(?:api|private|signing|encryption|access|session|master|root|account|shared|wrapping|hmac) ?keys?\b`,
    // Those of contents, commits and files are no secrets.
    String.raw`(?:\bpass|\bpin|\bpw|\bpwd|\bkey|code|secret|token) ?hash(?:es)?\b`,
    String.raw`(?:\botp|\bmfa|\b2fa|\bkey|master|private|recovery|totp|wallet) ?seeds?\b|\bseed ?(?:phrase|words?)\b`,
    String.raw`(?:db|database|connection) ?(?:url|uri|string)\b`,
  ].join('|'),
);

/** Texts that are secrets, whatever they are called. */
const SECRET_VALUES = [
  // A connection string with a password in it, which may have a slash; `https://host:443/@ada` has none.
  /\b(?!https?:\/\/[^\s/:@]*:\d+\/)[a-z][a-z\d+.-]*:\/\/[^\s/:@]*:[^\s@]+@/i,
  // `…?password=x`, `Server=h;Pwd=x`, `{"client_secret": "x"}`.
  /(?:password|passwd|passphrase|pwd|secret|token)(?:["']\s*:|["']?\s*=)\s*[^\s;&]/i,
  /(?:\b|_|-|api|access|account|master|private|secret|session|shared|signing)key(?:["']\s*:|["']?=)\s*[^\s;&]/i,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  // Stripe, GitHub, Slack, AWS, Google.
  /\b(?:sk|rk)_(?:live|test)_\w{8,}|\bwhsec_\w{8,}|\bgh[pousr]_\w{20,}|\bxox[abprs]-[\w-]{10,}|\bAKIA[A-Z\d]{16}\b|\bAIza[\w-]{30,}/,
  /\b(?:bearer|basic) [\w.~+/=-]{8,}/i,
  // JSON Web Tokens, and the hashes that passwords are kept as.
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/,
  /\$(?:argon2(?:id|i|d)|2[aby]|scrypt|pbkdf2[\w-]*)\$/,
];

/**
 * Returns a copy of JSON in which no secret is left: neither under the name of one, nor by its looks. Texts that are none become what
 * `keep` makes of them.
 */
export function withoutSecrets<T>(value: T, keep: (text: string) => string = (text) => text): T {
  return redact(value, keep) as T;
}

function redact(value: unknown, keep: (text: string) => string): unknown {
  if (typeof value === 'string') return looksSecret(value) ? REDACTED : keep(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => redact(item, keep));
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const { isSecret, shown } = verdictOn(key);
    const kept = isSecret && item !== null && typeof item !== 'boolean' ? REDACTED : redact(item, keep);
    // Set as others are, it would be the prototype.
    if (shown === '__proto__')
      Object.defineProperty(copy, shown, { value: kept, enumerable: true, writable: true, configurable: true });
    else copy[shown] = kept;
  }
  return copy;
}

function looksSecret(text: string): boolean {
  return SECRET_VALUES.some((pattern) => pattern.test(text));
}

/** What is known of the name of a field. */
interface NameVerdict {
  readonly isSecret: boolean;
  /** A name may be a secret itself, as in a map of tokens. */
  readonly shown: string;
}

/** What was found out about names, of which an application has few; not about those that come from somebody else without end. */
const verdicts = new Map<string, NameVerdict>();
const MOST_VERDICTS = 5_000;

function verdictOn(name: string): NameVerdict {
  let verdict = verdicts.get(name);
  if (verdict === undefined) {
    verdict = { isSecret: hasSecretWords(name), shown: looksSecret(name) ? REDACTED : name };
    // Nor are secrets kept here.
    if (verdicts.size < MOST_VERDICTS && verdict.shown === name) verdicts.set(name, verdict);
  }
  return verdict;
}

/** Whatever its case: `dbUrl`, `db_url`, `db-url` and `DB_URL` are the same words. */
function hasSecretWords(name: string): boolean {
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/);
  return words.some((word) => SECRET_WORDS.has(word)) || SECRET_PHRASES.test(words.join(' '));
}
