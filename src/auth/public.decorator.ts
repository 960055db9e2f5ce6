import { type CustomDecorator, SetMetadata } from '@nestjs/common';

/** Key of the metadata that exempts a route from the session guard. */
export const PUBLIC_METADATA = 'app:public';

/** Lets everyone call a route or a controller. All others need a session. */
export function Public(): CustomDecorator {
  return SetMetadata(PUBLIC_METADATA, true);
}
