import { Inject, Injectable } from '@nestjs/common';
import { assertJson, problemOf } from '../common/index.js';
import type { MembershipAttributes, StoredMembershipAttributes } from './membership-attributes.js';
import { InvalidMembershipAttributesError } from './memberships.errors.js';
import { MEMBERSHIPS_OPTIONS, type ResolvedMembershipsOptions } from './memberships.options.js';

/** Checks attributes before they are written. */
@Injectable()
export class MembershipAttributesSchema {
  constructor(@Inject(MEMBERSHIPS_OPTIONS) private readonly options: Pick<ResolvedMembershipsOptions, 'attributes'>) {}

  /**
   * Returns the attributes as they are stored: what the schema makes of them, as JSON.
   *
   * @throws InvalidMembershipAttributesError, InvalidInputError
   */
  async parse(attributes: MembershipAttributes): Promise<StoredMembershipAttributes> {
    const result = await this.options.attributes?.['~standard'].validate(attributes);
    if (result?.issues) throw new InvalidMembershipAttributesError(result.issues.map(problemOf));
    const stored = assertJson(result ? result.value : attributes, 'metaAttributes');
    if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) {
      throw new InvalidMembershipAttributesError(['They are not an object.']);
    }
    return stored as StoredMembershipAttributes;
  }
}
