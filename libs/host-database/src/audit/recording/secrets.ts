/** What stands where a secret was. */
export const REDACTED = '[redacted]';

/** Names of fields whose values are secrets, whatever they look like: snake, kebab and camel case. */
const SECRET_NAME =
  /pass_?-?(?:word|phrase|wd)|secret|credential|authorization|cookie|(?:^|[_-])(?:pwd|otp|pin)$|(?:api|private|signing|encryption|access|session)[_-]?key|(?:^|[_-])token|Token|token$|(?:db|database|connection)[_-]?(?:url|uri|string)/i;

/** Texts that are secrets, whatever they are called. */
const SECRET_VALUES = [
  // A connection string with a password in it.
  /\b[a-z][a-z\d+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  // Stripe, GitHub, Slack, AWS, Google.
  /\b(?:sk|rk)_(?:live|test)_\w{8,}|\bwhsec_\w{8,}|\bgh[pousr]_\w{20,}|\bxox[abprs]-[\w-]{10,}|\bAKIA[A-Z\d]{16}\b|\bAIza[\w-]{30,}/,
  /\b(?:bearer|basic) [\w.~+/=-]{8,}/i,
  // JSON Web Tokens, and the hashes that passwords are kept as.
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/,
  /\$(?:argon2(?:id|i|d)|2[aby]|scrypt|pbkdf2[\w-]*)\$/,
];

/** Returns a copy of JSON in which no secret is left: neither under the name of one, nor by its looks. */
export function withoutSecrets<T>(value: T): T {
  return redact(value, '') as T;
}

function redact(value: unknown, name: string): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (SECRET_NAME.test(name)) return REDACTED;
  if (typeof value === 'string') return SECRET_VALUES.some((pattern) => pattern.test(value)) ? REDACTED : value;
  if (Array.isArray(value)) return value.map((item) => redact(item, ''));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [redactName(key), redact(item, key)]));
}

/** A secret may be the name of a field, as in a map of tokens. */
function redactName(name: string): string {
  return SECRET_VALUES.some((pattern) => pattern.test(name)) ? REDACTED : name;
}
