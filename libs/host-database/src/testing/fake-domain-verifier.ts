import { DomainLookupError, type DomainRecord, DomainVerifier } from '../tenants/index.js';

/** A DNS of the test's own: nothing is published in it before the test says so. */
export class FakeDomainVerifier extends DomainVerifier {
  private readonly published = new Set<string>();
  /** Set to have it give no answer, as a name server that is away. */
  isAway = false;

  /** Publishes a record, as the owner of a domain does. */
  publish({ name, value }: DomainRecord): void {
    this.published.add(`${name} ${value}`);
  }

  /** Takes a record away again. */
  withdraw({ name, value }: DomainRecord): void {
    this.published.delete(`${name} ${value}`);
  }

  async hasRecord({ name, value }: DomainRecord): Promise<boolean> {
    if (this.isAway) throw new DomainLookupError(name, { cause: new Error('The fake DNS is away.') });
    return this.published.has(`${name} ${value}`);
  }
}
