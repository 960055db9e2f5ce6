import { Inject, Injectable } from '@nestjs/common';
import { errors, jwtVerify, SignJWT } from 'jose';
import { Clock, isId } from 'nestjs-host-database';
import { InvalidTokenError } from './auth.errors.js';
import { SESSION_SECRET } from './session-secret.js';

const ALGORITHM = 'HS256';
const LIFETIME_MS = 12 * 60 * 60 * 1000;

/** A session as the client keeps it. */
export interface Session {
  readonly token: string;
  readonly expiresAt: Date;
}

/** Sessions: signed tokens that name a user until they expire. Nothing is stored. */
@Injectable()
export class SessionsService {
  constructor(
    @Inject(SESSION_SECRET) private readonly secret: Uint8Array,
    private readonly clock: Clock,
  ) {}

  async open(userId: string): Promise<Session> {
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + LIFETIME_MS);
    const token = await new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM })
      .setSubject(userId)
      .setIssuedAt(now)
      .setExpirationTime(expiresAt)
      .sign(this.secret);
    return { token, expiresAt };
  }

  /**
   * Returns the id of the user whom a token names.
   *
   * @throws InvalidTokenError
   */
  async verify(token: string): Promise<string> {
    try {
      const { payload } = await jwtVerify(token, this.secret, {
        algorithms: [ALGORITHM],
        requiredClaims: ['sub', 'exp'],
        currentDate: this.clock.now(),
      });
      if (!isId(payload.sub)) throw new InvalidTokenError();
      return payload.sub;
    } catch (cause) {
      if (cause instanceof errors.JOSEError) throw new InvalidTokenError({ cause });
      throw cause;
    }
  }
}
