import { registerAs } from '@nestjs/config';
import { databaseOptionsFromEnv } from './database/index.js';

/** The `DB_*` environment as a namespace of `@nestjs/config`, validated when it is read. */
export const hostDatabaseConfig = registerAs('hostDatabase', () => databaseOptionsFromEnv(process.env));
