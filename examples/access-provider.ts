// Sign-in at a provider, with a tenant for everybody who is new; and why an account is not linked by its address alone.
import { ProviderSignIn, type SignInAttempt, SignInProvider, type SignInReturn } from 'nestjs-host-database/access';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { createTestHost } from 'nestjs-host-database/testing';
import type { VerifiedIdentity } from 'nestjs-host-database/users';

/** In place of google(), microsoft(), github() or oidc(): it believes whatever name comes back. */
class OwnDirectory extends SignInProvider {
  async begin({ redirectUri, state }: SignInAttempt): Promise<URL> {
    const url = new URL('https://directory.example/sign-in');
    url.search = String(new URLSearchParams({ redirect_uri: redirectUri, state }));
    return url;
  }

  async finish({ callbackUrl }: SignInReturn): Promise<VerifiedIdentity> {
    const subject = callbackUrl.searchParams.get('code') ?? '';
    return { provider: 'https://directory.example', subject, email: `${subject}@example.com`, emailVerified: true };
  }
}

const host = await createTestHost({
  options: {
    access: {
      signIn: {
        publicUrl: 'https://app.example.com',
        providers: { directory: new OwnDirectory() },
        personalTenant: { name: ({ email }) => `Notes of ${email}` },
      },
    },
  },
});
const signIns = host.get(ProviderSignIn);

async function signIn(name: string) {
  // GET /auth/directory: redirect to url, with the cookie.
  const { url, cookie } = await host.run(() => signIns.begin({ provider: 'directory', returnTo: '/notes' }));
  const params = { code: name, state: new URL(url).searchParams.get('state') };
  // GET /auth/directory/callback: then open a session, and redirect to returnTo.
  return host.run(() => signIns.finish({ provider: 'directory', params, cookie: cookie.split(';', 1)[0] }));
}

const { user, isNew, returnTo } = await signIn('ada');
const [membership] = await host.run(() => host.get(MembershipsService).findByUser(user.id));
console.log(`${user.email}, new: ${isNew}, ${membership?.role} of '${membership?.tenant.getEntity().name}', goes to ${returnTo}`);
console.log(`again: ${(await signIn('ada')).isNew}`);

// Somebody has registered with Grace's address and never shown that it is theirs.
await host.newUser({ email: 'grace@example.com' });
await signIn('grace').catch(({ code }: { code: string }) => console.log(code));
await host.close();
