import { Resolver } from 'node:dns/promises';
import type { DomainRecord } from './domain-record.js';
import { DomainLookupError } from './tenant-domains.errors.js';

/** Looks into DNS. Replace it where names are resolved in a way of your own, and by a fake in tests. */
export abstract class DomainVerifier {
  /**
   * Whether the record is published. Others of the same name do not matter.
   *
   * @throws DomainLookupError when DNS gives no answer
   */
  abstract hasRecord(record: DomainRecord): Promise<boolean>;
}

const TIMEOUT_MS = 3_000;
const TRIES = 2;
/** The name does not exist, or has no such record: that is an answer. */
const ABSENT = new Set(['ENOTFOUND', 'ENODATA']);

/** Asks name servers: those of the machine, where no others are given. */
export class DnsDomainVerifier extends DomainVerifier {
  /** @param servers their addresses, such as `192.0.2.1` or `192.0.2.1:5353` */
  constructor(private readonly servers?: readonly string[]) {
    super();
  }

  async hasRecord({ name, value }: DomainRecord): Promise<boolean> {
    try {
      const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
      if (this.servers) resolver.setServers(this.servers);
      const records = await resolver.resolveTxt(name);
      // A long text is sent in pieces.
      return records.some((pieces) => pieces.join('') === value);
    } catch (cause) {
      if (ABSENT.has(String((cause as { code?: unknown }).code))) return false;
      throw new DomainLookupError(name, { cause });
    }
  }
}
