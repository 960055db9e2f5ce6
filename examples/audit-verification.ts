// Somebody with the rights of the owner changes a row: the verification names it.
import { AuditSealer, AuditVerifier, Ed25519Signer, generateSigningKey } from 'nestjs-host-database/audit';
import { createTestHost } from 'nestjs-host-database/testing';

const signer = new Ed25519Signer(generateSigningKey().privateKey);
const sealing = { signer, publicKeys: { [signer.keyId]: signer.publicKey } };
const host = await createTestHost({ options: { audit: { sealing } } });
host.module.useLogger(false); // findings are logged as errors too

const [{ id }] = [await host.newUser({ email: 'eve@example.com' }), await host.newUser({ email: 'ada@example.com' })];
await host.get(AuditSealer).seal();

async function verify(): Promise<void> {
  const { ok, checkedRows, checkedCheckpoints, reports } = await host.get(AuditVerifier).verify();
  console.log(`${ok ? 'nothing found' : 'findings'}: ${checkedRows} rows, ${checkedCheckpoints} checkpoints`);
  for (const { kind, scope, message } of reports.flatMap(({ findings }) => findings)) {
    console.log(`${kind} in ${scope}: ${message.replace(/[0-9a-f]{32}/, '<id>')}`);
  }
}

await verify();

const { em } = host.hostDatabase;
const tamper = () => em.execute('update sys_audit_logs set actor_user_id = ? where target_id = ?', ['nobody', id]);
await host.run(tamper).catch(() => console.log('refused by the database'));
await host.run(() => em.execute('drop trigger sys_audit_logs_no_update')); // which the next boot would not accept
await host.run(tamper);

await verify();
console.log(`the last result is ${(await host.get(AuditVerifier).lastResult())?.ok ? 'good' : 'bad'}`);

await host.close();
