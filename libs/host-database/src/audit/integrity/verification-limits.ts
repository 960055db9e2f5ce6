/** What the limits of a verification depend on. */
export interface VerificationFacts {
  readonly unsealedRows: number;
  readonly sealedLateRows: number;
  readonly unprovenRows: number;
  readonly purgedRows: number;
  /** The newest checkpoint that was kept outside, if any. */
  readonly keptThrough: number | undefined;
  readonly lastSeq: number;
}

/** Says plainly what a verification cannot know. */
export function verificationLimits(facts: VerificationFacts): string[] {
  const { keptThrough, lastSeq, unsealedRows, sealedLateRows, unprovenRows, purgedRows } = facts;
  const limits = [
    'That the rows are as they were recorded does not say that all that happened was recorded, nor that what was recorded is true.',
  ];
  if (keptThrough === undefined) {
    limits.push(
      'No checkpoint that was kept outside was given: it cannot be told whether the end of the log was cut off, nor whether ' +
        'whoever holds the signing key wrote all of it anew.',
    );
  } else if (keptThrough < lastSeq) {
    limits.push(
      `The newest checkpoint that was kept outside is ${keptThrough}: of what was sealed after it, it cannot be told whether an ` +
        'end was cut off, nor whether whoever holds the signing key wrote it anew.',
    );
  } else {
    limits.push(`It cannot be told whether rows that were recorded after the checkpoint ${keptThrough} were removed.`);
  }
  if (unsealedRows > 0) {
    limits.push(
      `${unsealedRows} rows are in no checkpoint: until they are sealed, whoever can write to the table can change them.`,
    );
  }
  if (sealedLateRows > 0) {
    limits.push(
      `${sealedLateRows} rows were sealed late: what was done to them, or whether they were added, before that cannot be told.`,
    );
  }
  if (unprovenRows > 0) {
    limits.push(`${unprovenRows} rows lie where a checkpoint is damaged or missing: only their own hash speaks for them.`);
  }
  if (purgedRows > 0) {
    limits.push(
      `${purgedRows} sealed rows are gone by the recorded cut-off of retention, on which this verification relies: look whether you made it.`,
    );
  }
  return limits;
}
