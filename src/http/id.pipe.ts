import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { InvalidIdError, isId } from 'nestjs-host-database';

/** Lets only well-formed ids into a handler: `@Param('projectId', IdPipe)`. */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  /** @throws InvalidIdError */
  transform(value: string, { data = 'id' }: ArgumentMetadata): string {
    if (!isId(value)) throw new InvalidIdError(data.replace(/Id$/, ''));
    return value;
  }
}
