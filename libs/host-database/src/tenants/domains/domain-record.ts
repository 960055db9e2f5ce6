/** A TXT record that whoever owns a domain can publish. */
export interface DomainRecord {
  readonly type: 'TXT';
  readonly name: string;
  readonly value: string;
}
