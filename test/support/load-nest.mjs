// @nestjs/throttler is CommonJS, and requires these, which are not: jest takes that only where they were evaluated before.
await import('@nestjs/common');
await import('@nestjs/core');
