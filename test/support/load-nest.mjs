// @nestjs/throttler is CommonJS, and requires these, which are not: jest takes that only where they were evaluated before.
import '@nestjs/common';
import '@nestjs/core';
