import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { type CsrfProblem, csrfProblemOf, type CsrfRequest, csrfTokenOf } from './csrf.js';
import { newSecret } from './session-secret.js';

const SECRET = newSecret();
const TOKEN = csrfTokenOf(SECRET);
const HOST = 'app.example.com';
const OWN = 'https://app.example.com';
const TRUSTED = 'https://admin.example.net';

interface Row {
  readonly name: string;
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly secure?: boolean;
  readonly problem?: CsrfProblem;
}

const table: readonly Row[] = [
  // Nothing is changed.
  { name: 'a GET of another site', method: 'GET', headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } },
  { name: 'a HEAD without anything', method: 'HEAD', headers: {} },
  { name: 'an OPTIONS of another site', method: 'OPTIONS', headers: { origin: 'https://evil.example' } },
  { name: 'a get in lower case', method: 'get', headers: {} },
  { name: 'a GET that is upgraded to another HTTP', method: 'GET', headers: { upgrade: 'h2c' } },

  // The browser says where it comes from.
  { name: 'a POST of a page of the application', method: 'POST', headers: { 'sec-fetch-site': 'same-origin', origin: OWN } },
  { name: 'a POST behind a proxy that changes Host', method: 'POST', headers: { 'sec-fetch-site': 'same-origin', origin: OWN, host: '10.0.0.1' } },
  { name: 'a PUT that the user made themselves', method: 'PUT', headers: { 'sec-fetch-site': 'none' } },
  { name: 'a DELETE of a trusted origin', method: 'DELETE', headers: { 'sec-fetch-site': 'cross-site', origin: TRUSTED } },
  { name: 'a POST of another site', method: 'POST', headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, problem: 'cross-site' },
  { name: 'a POST of another site without Origin', method: 'POST', headers: { 'sec-fetch-site': 'cross-site' }, problem: 'cross-site' },
  { name: 'a POST of a sister host', method: 'POST', headers: { 'sec-fetch-site': 'same-site', origin: 'https://blog.example.com' }, problem: 'same-site' },
  { name: 'a POST of another site with the right Origin', method: 'POST', headers: { 'sec-fetch-site': 'cross-site', origin: OWN }, problem: 'cross-site' },
  { name: 'a POST of another site with the right token', method: 'POST', headers: { 'sec-fetch-site': 'cross-site', 'x-csrf-token': TOKEN }, problem: 'cross-site' },
  { name: 'a POST that says it twice', method: 'POST', headers: { 'sec-fetch-site': 'same-origin, cross-site' }, problem: 'cross-site' },
  { name: 'a PATCH with an empty Sec-Fetch-Site', method: 'PATCH', headers: { 'sec-fetch-site': '' }, problem: 'cross-site' },

  // An older browser says the origin.
  { name: 'a POST with the own Origin', method: 'POST', headers: { origin: OWN } },
  { name: 'a POST with the usual port in Host', method: 'POST', headers: { origin: OWN, host: `${HOST}:443` } },
  { name: 'a POST with Host in capitals', method: 'POST', headers: { origin: OWN, host: 'APP.example.com' } },
  { name: 'a POST on another port', method: 'POST', headers: { origin: `${OWN}:8443`, host: `${HOST}:8443` } },
  { name: 'a POST over http where that is allowed', method: 'POST', headers: { origin: 'http://localhost:3000', host: 'localhost:3000' }, secure: false },
  { name: 'a POST with a trusted Origin', method: 'POST', headers: { origin: TRUSTED } },
  { name: 'a POST with another Origin', method: 'POST', headers: { origin: 'https://evil.example' }, problem: 'other-origin' },
  { name: 'a POST of the own host over http', method: 'POST', headers: { origin: `http://${HOST}` }, problem: 'other-origin' },
  { name: 'a POST of another port of the own host', method: 'POST', headers: { origin: `${OWN}:8443` }, problem: 'other-origin' },
  { name: 'a POST of a host that begins like the own', method: 'POST', headers: { origin: `${OWN}.evil.example` }, problem: 'other-origin' },
  { name: 'a POST of a host that ends like a trusted one', method: 'POST', headers: { origin: 'https://eviladmin.example.net' }, problem: 'other-origin' },
  { name: 'a POST with the Origin null', method: 'POST', headers: { origin: 'null' }, problem: 'other-origin' },
  { name: 'a POST with an Origin of another scheme', method: 'POST', headers: { origin: `ftp://${HOST}` }, secure: false, problem: 'other-origin' },
  { name: 'a POST with another Origin and the right token', method: 'POST', headers: { origin: 'https://evil.example', 'x-csrf-token': TOKEN }, problem: 'other-origin' },
  { name: 'a POST with an Origin and no Host', method: 'POST', headers: { origin: OWN, host: undefined }, problem: 'other-origin' },

  // Nothing says where it comes from.
  { name: 'a POST with the token', method: 'POST', headers: { 'x-csrf-token': TOKEN } },
  { name: 'a POST without anything', method: 'POST', headers: {}, problem: 'no-proof' },
  { name: 'a POST with an empty token', method: 'POST', headers: { 'x-csrf-token': '' }, problem: 'no-proof' },
  { name: 'a POST with the token of another session', method: 'POST', headers: { 'x-csrf-token': csrfTokenOf(newSecret()) }, problem: 'wrong-token' },
  { name: 'a POST with the beginning of the token', method: 'POST', headers: { 'x-csrf-token': TOKEN.slice(0, -1) }, problem: 'wrong-token' },
  { name: 'a POST with the secret itself', method: 'POST', headers: { 'x-csrf-token': SECRET }, problem: 'wrong-token' },
  { name: 'a method that nobody knows', method: 'PURGE', headers: {}, problem: 'no-proof' },

  // Websockets, whose handshake any site may begin.
  { name: "a page of the application's handshake", method: 'GET', headers: { upgrade: 'websocket', origin: OWN } },
  { name: "another site's handshake", method: 'GET', headers: { upgrade: 'WebSocket', origin: 'https://evil.example' }, problem: 'other-origin' },
  { name: 'a message without a method', method: undefined, headers: { 'sec-fetch-site': 'cross-site' }, problem: 'cross-site' },
];

describe(csrfProblemOf, () => {
  it.each(table.map((row) => [row.problem ?? 'nothing', row.name, row] as const))('finds %s wrong with %s', (_problem, _name, row) => {
    const { method, headers, secure = true } = row;
    const request: CsrfRequest = {
      method,
      headers: { host: HOST, ...headers },
      secret: SECRET,
      trustedOrigins: [TRUSTED],
      secure,
    };
    expect(csrfProblemOf(request)).toBe(row.problem);
  });
});

describe(csrfTokenOf, () => {
  it('is the same for a session, another for each, and not the secret', () => {
    expect(csrfTokenOf(SECRET)).toBe(TOKEN);
    expect(csrfTokenOf(newSecret())).not.toBe(TOKEN);
    expect(TOKEN).not.toContain(SECRET);
  });
});
