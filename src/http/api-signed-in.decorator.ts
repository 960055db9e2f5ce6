import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiCookieAuth } from '@nestjs/swagger';

/** Documents that a controller or route is for people who are signed in, by a bearer or by a cookie. */
export function ApiSignedIn(): ClassDecorator & MethodDecorator {
  return applyDecorators(ApiBearerAuth(), ApiCookieAuth());
}
