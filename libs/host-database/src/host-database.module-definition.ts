import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { HostDatabaseFactoryOptions } from './host-database.options.js';

export const {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN: HOST_DATABASE_OPTIONS,
  ASYNC_OPTIONS_TYPE: HOST_DATABASE_ASYNC_OPTIONS,
} = new ConfigurableModuleBuilder<HostDatabaseFactoryOptions>({ moduleName: 'HostDatabase' }).build();
