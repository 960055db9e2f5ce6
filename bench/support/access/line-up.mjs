/**
 * @typedef {object} Entrant
 * @property {string} name what the rows call it
 * @property {string} program its file in contenders/access/
 * @property {object} [configuration] what it changes of its library's defaults
 * @property {'ours' | 'bare' | 'peer'} side
 * @property {boolean} checksMembership
 */

/** An hour: longer than a run. */
const COOKIE_CACHE = { cookieCache: { enabled: true, maxAge: 3_600 } };

/** @type {Entrant[]} */
export const lineUp = [
  { name: 'the bare route', program: 'bare', side: 'bare', checksMembership: false },
  { name: 'ours', program: 'host-database', side: 'ours', checksMembership: true },
  {
    name: "ours, in the tenant's database",
    program: 'host-database',
    configuration: { inTenantDatabase: true },
    side: 'ours',
    checksMembership: true,
  },
  { name: 'better-auth', program: 'better-auth', side: 'peer', checksMembership: true },
  {
    // A session that ends elsewhere lives on in the cookie for as long: it need not be looked up.
    name: 'better-auth, cookie cache',
    program: 'better-auth',
    configuration: { session: COOKIE_CACHE },
    side: 'peer',
    checksMembership: true,
  },
  { name: 'passport-jwt', program: 'passport-jwt', side: 'peer', checksMembership: false },
];
