import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** A response that is sent to nobody, to look at its headers. */
export function emptyResponse(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()));
}

/** The `Set-Cookie` headers of a response. */
export function cookiesOf(response: ServerResponse): readonly string[] {
  const header = response.getHeader('set-cookie') ?? [];
  return [header].flat().map(String);
}
