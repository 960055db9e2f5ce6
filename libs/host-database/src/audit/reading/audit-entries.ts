import { Injectable } from '@nestjs/common';
import { PersonalData } from '../erasure/personal-data.js';
import { replaceTexts } from '../erasure/json-texts.js';
import { type PlacedText, placeOf } from '../erasure/sealed-text.js';
import type { StoredAuditLog } from './audit-rows.js';

/** A row of the log for whoever reads it: personal data in clear, `[erased]` where the person was. */
export type AuditEntry = Omit<StoredAuditLog, 'canonical'>;

/** Makes stored rows readable. */
@Injectable()
export class AuditEntries {
  constructor(private readonly personalData: PersonalData) {}

  /** Returns the rows as entries, in the same order; all that is sealed in them is opened at once. */
  async from(rows: readonly StoredAuditLog[]): Promise<AuditEntry[]> {
    const stored: PlacedText[] = [];
    // Any text of the details: what was personal by an older version of an event type is so still.
    for (const row of rows) {
      replaceTexts(textsOf(row), (text, pointer) => {
        stored.push({ text, place: placeOf(row.id, pointer) });
        return text;
      });
    }
    const revealed = (await this.personalData.reveal(stored)).values();
    return rows.map((row) => ({
      ...withoutCanonical(row),
      // In the order in which they were collected.
      ...replaceTexts(textsOf(row), () => revealed.next().value!),
    }));
  }
}

function withoutCanonical(row: StoredAuditLog): AuditEntry {
  const { canonical: _canonical, ...entry } = row;
  return entry;
}

function textsOf({ ipAddress, userAgent, details }: StoredAuditLog): Pick<StoredAuditLog, 'ipAddress' | 'userAgent' | 'details'> {
  return { ipAddress, userAgent, details };
}
