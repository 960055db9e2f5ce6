const PREFIX = 'schedule:';

/** A slot of a schedule. */
export interface ScheduledSlot {
  /** The name of the schedule. */
  readonly schedule: string;
  readonly at: Date;
}

/** The unique key of the job of a slot: the instant is part of it, so that whoever has the job knows its slot. */
export function slotKey({ schedule, at }: ScheduledSlot): string {
  return `${PREFIX}${schedule}:${at.toISOString()}`;
}

/** The slot that a job was made for; undefined for a job that no schedule has made. */
export function slotOfKey(uniqueKey: string | null): ScheduledSlot | undefined {
  const match = /^schedule:(?<schedule>.+):(?<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/.exec(uniqueKey ?? '');
  const { schedule, at } = match?.groups ?? {};
  return schedule === undefined || at === undefined ? undefined : { schedule, at: new Date(at) };
}
