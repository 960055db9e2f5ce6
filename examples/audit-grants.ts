// Prints the script that leaves the role of an application nothing but adding to the log and reading it: … | psql
import { auditGrants } from 'nestjs-host-database/audit';

console.log(auditGrants({ role: process.env.APP_ROLE ?? 'app' }));
