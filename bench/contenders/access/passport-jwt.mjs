import { randomUUID } from 'node:crypto';
import { Injectable, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { SignJWT } from 'jose';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { answer } from '../../support/answer.mjs';
import { pathOf, serve } from '../../support/access/serve.mjs';

const SECRET = randomUUID();

class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: SECRET, algorithms: ['HS256'] });
  }

  validate({ sub }) {
    return { id: sub };
  }
}
Injectable()(JwtStrategy);

/** @nestjs/passport with passport-jwt: it knows who asks, and nothing of tenants. A token cannot be taken back. */
answer({
  async open() {
    const { port } = await serve({ providers: [JwtStrategy], decorators: [UseGuards(AuthGuard('jwt'))] });
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(randomUUID())
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(SECRET));
    return {
      port,
      path: pathOf(randomUUID()),
      headers: { authorization: `Bearer ${token}` },
      refused: [{ headers: {}, status: 401 }],
    };
  },
});
