import { HostDatabaseError } from 'nestjs-host-database';

/** A setting of the application is wrong. Stops the boot. */
export class AppConfigError extends HostDatabaseError {
  readonly code = 'APP_CONFIG_INVALID';

  constructor(problems: readonly string[]) {
    super(`The application is not configured: ${problems.join(' ')}`);
  }
}

/** The application cannot listen where it was told to. Stops the boot. */
export class PortUnavailableError extends HostDatabaseError {
  readonly code = 'APP_PORT_UNAVAILABLE';

  constructor(
    readonly port: number,
    options: ErrorOptions,
  ) {
    super(`Port ${port} cannot be listened on; perhaps another program uses it. Set PORT to one that is free.`, options);
  }
}
