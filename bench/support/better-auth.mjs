import { randomUUID } from 'node:crypto';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { organization } from 'better-auth/plugins';
import { Pool } from 'pg';

/** The same in every process, so that each knows the cookies of the others. */
const SECRET = 'only-for-the-benchmark-0123456789';

/**
 * better-auth with its organization plugin, on PostgreSQL by its own adapter.
 *
 * @param {object} installation
 * @param {string} installation.address of the database
 * @param {object} [installation.session] its options for sessions
 */
export function openBetterAuth({ address, session }) {
  const pool = new Pool({ connectionString: address });
  const auth = betterAuth({
    database: pool,
    secret: SECRET,
    baseURL: 'http://127.0.0.1',
    telemetry: { enabled: false },
    emailAndPassword: { enabled: true },
    plugins: [organization()],
    ...(session && { session }),
  });
  return { auth, pool };
}

/** Makes its tables. */
export async function migrateBetterAuth(auth) {
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
}

/** Signs somebody up, and returns them with the cookies that a browser has then. */
export async function signUp(auth, name) {
  const body = { name, email: `${name}@example.com`, password: randomUUID() };
  const { headers, response } = await auth.api.signUpEmail({ body, returnHeaders: true });
  const cookie = headers
    .getSetCookie()
    .map((each) => each.split(';', 1)[0])
    .join('; ');
  return { id: response.user.id, headers: { cookie } };
}
