import { type DomainRecord, DomainVerifier } from '../tenants/index.js';

/** A DNS of the test's own: nothing is published in it before the test says so. */
export class FakeDomainVerifier extends DomainVerifier {
  private readonly published = new Set<string>();

  /** Publishes a record, as the owner of a domain does. */
  publish({ name, value }: DomainRecord): void {
    this.published.add(`${name} ${value}`);
  }

  async hasRecord({ name, value }: DomainRecord): Promise<boolean> {
    return this.published.has(`${name} ${value}`);
  }
}
