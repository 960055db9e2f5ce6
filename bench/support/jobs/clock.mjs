/** Milliseconds of a clock that all processes of a machine share, so that what begins in one may end in another. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
