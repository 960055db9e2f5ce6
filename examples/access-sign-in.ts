// A password, a verified address, and a session that a browser keeps in a cookie.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { HostDatabase } from 'nestjs-host-database';
import { AccessGuardModule, type ActingUser, CurrentUser, Public, SessionSignIn } from 'nestjs-host-database/access';
import { createTestHost } from 'nestjs-host-database/testing';
import { EmailVerification, type PasswordCredentials, PasswordSignIn } from 'nestjs-host-database/users';

@Controller()
class AuthController {
  constructor(
    private readonly hostDatabase: HostDatabase,
    private readonly passwords: PasswordSignIn,
    private readonly verification: EmailVerification,
    private readonly sessions: SessionSignIn,
  ) {}

  @Public()
  @Post('sign-up')
  async signUp(@Body() credentials: PasswordCredentials): Promise<void> {
    await this.hostDatabase.transactional(async () => {
      const { id } = await this.passwords.register(credentials);
      await this.verification.request(id); // mailed once this is committed
    });
  }

  @Public()
  @Post('verify')
  async verify(@Body() { token }: { token: string }): Promise<void> {
    await this.verification.confirm(token);
  }

  @Public()
  @Post('sign-in')
  async signIn(
    @Body() credentials: PasswordCredentials,
    @Req() { headers }: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<void> {
    const { id: userId } = await this.passwords.signIn(credentials);
    await this.sessions.signIn({ userId, headers, response });
  }

  @Post('sign-out')
  async signOut(@Req() { headers }: IncomingMessage, @Res({ passthrough: true }) response: ServerResponse): Promise<void> {
    await this.sessions.signOut({ headers, response });
  }

  @Get('me')
  me(@CurrentUser() { id, sessionId }: ActingUser): { id: string; sessionId: string | undefined } {
    return { id, sessionId };
  }
}

const host = await createTestHost({
  options: { access: { sessions: {} } },
  imports: [AccessGuardModule],
  controllers: [AuthController],
  http: (module) => module.createNestApplication({ logger: false }),
});
await host.app.listen(0, '127.0.0.1');
const url = `http://127.0.0.1:${(host.app.getHttpServer().address() as AddressInfo).port}`;
const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${url}/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

const ada = { email: 'ada@example.com', password: 'correct horse battery' };
await post('sign-up', ada);
await host.jobs.drain();
await post('verify', { token: host.mailer.lastTo(ada.email, 'verify-email').data.token });

const cookies = (await post('sign-in', ada)).headers.getSetCookie();
for (const header of cookies) console.log(header.replace(/=[^;]*/, '=…'));

// What a browser does by itself, and what a page of the application adds where the browser says nothing of where it comes from.
const cookie = cookies.map((header) => header.split(';', 1)[0]).join('; ');
const csrf = /__Host-csrf=([^;]*)/.exec(cookie)?.[1] ?? '';
const me = async () => (await fetch(`${url}/me`, { headers: { cookie } })).ok;
console.log(`signed in: ${await me()}`);
await post('sign-out', {}, { cookie, 'x-csrf-token': csrf });
console.log(`signed in: ${await me()}`);

await host.close();
