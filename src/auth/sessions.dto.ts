import { ApiProperty } from '@nestjs/swagger';
import { type Session, SESSION_TRANSPORTS, type SessionTransport } from 'nestjs-host-database/access';

/** Where somebody is signed in. */
export class OwnSessionDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ description: 'Whether it is the one that asks' })
  readonly isCurrent: boolean;

  @ApiProperty({ enum: SESSION_TRANSPORTS })
  readonly transport: SessionTransport;

  @ApiProperty({ type: String, nullable: true })
  readonly ipAddress: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly userAgent: string | null;

  @ApiProperty()
  readonly createdAt: Date;

  @ApiProperty({ description: 'To the minute or so' })
  readonly lastSeenAt: Date;

  @ApiProperty()
  readonly expiresAt: Date;

  constructor(session: Session, currentId: string | undefined) {
    this.id = session.id;
    this.isCurrent = session.id === currentId;
    this.transport = session.transport;
    this.ipAddress = session.ipAddress ?? null;
    this.userAgent = session.userAgent ?? null;
    this.createdAt = session.createdAt;
    this.lastSeenAt = session.lastSeenAt;
    this.expiresAt = session.expiresAt;
  }
}
