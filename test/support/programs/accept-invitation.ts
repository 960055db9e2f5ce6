import 'reflect-metadata';
import { ContextService, type DatabaseOptions, HostDatabase, HostDatabaseError } from 'nestjs-host-database';
import { InvitationsService } from 'nestjs-host-database/memberships';
import { startInvitations } from '../invitation-application.js';

/** Accepts the same invitation many times at once, and prints what each has come to: the id of the membership, or a code. */
const app = await startInvitations(JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions);
const [host, context, invitations] = [app.get(HostDatabase), app.get(ContextService), app.get(InvitationsService)];
const { USER_ID: actorUserId = '', TOKEN: token = '' } = process.env;

process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
const accept = () =>
  context
    .run({ actorUserId }, () => host.run(async () => (await invitations.accept(token)).id))
    .catch((error: unknown) => (error instanceof HostDatabaseError ? error.code : String(error)));
const outcomes = await Promise.all(Array.from({ length: Number(process.env.COUNT) }, accept));
process.stdout.write(`outcomes ${JSON.stringify(outcomes)}\n`);
await app.close();
process.exit(0);
