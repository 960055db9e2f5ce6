import { Global, Module } from '@nestjs/common';
import { UsersService } from './users.service.js';

/** Who is this person? */
@Global()
@Module({ providers: [UsersService], exports: [UsersService] })
export class UsersModule {}
