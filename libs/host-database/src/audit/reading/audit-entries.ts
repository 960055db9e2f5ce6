import { Injectable } from '@nestjs/common';
import { PersonalData } from '../erasure/personal-data.js';
import type { StoredAuditLog } from './audit-rows.js';

/** A row of the log for whoever reads it: personal data in clear, `[erased]` where the person was. */
export type AuditEntry = Omit<StoredAuditLog, 'canonical'>;

/** Makes stored rows readable. */
@Injectable()
export class AuditEntries {
  constructor(private readonly personalData: PersonalData) {}

  /** Returns the rows as entries, in the same order; all that is sealed in them is opened at once. */
  async from(rows: readonly StoredAuditLog[]): Promise<AuditEntry[]> {
    const texts = new Set<string>();
    // Any text of the details: what was personal by an older version of an event type is so still.
    for (const row of rows) forEachText([row.ipAddress, row.userAgent, row.details], (text) => texts.add(text));
    const stored = [...texts];
    const revealed = await this.personalData.reveal(stored);
    const clear = new Map(stored.map((text, index) => [text, revealed[index]!]));
    return rows.map((row) => ({
      ...withoutCanonical(row),
      ipAddress: replaceTexts(row.ipAddress, clear),
      userAgent: replaceTexts(row.userAgent, clear),
      details: replaceTexts(row.details, clear),
    }));
  }
}

function withoutCanonical(row: StoredAuditLog): AuditEntry {
  const { canonical: _canonical, ...entry } = row;
  return entry;
}

function forEachText(value: unknown, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value);
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) forEachText(item, visit);
}

/** Returns a copy with each text replaced; the names of fields stay. */
function replaceTexts<T>(value: T, clear: ReadonlyMap<string, string>): T {
  return replaced(value, clear) as T;
}

function replaced(value: unknown, clear: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return clear.get(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => replaced(item, clear));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, clear)]));
}
