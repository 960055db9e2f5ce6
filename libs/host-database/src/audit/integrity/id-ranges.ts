/** Ranges of ids whose rows cannot be judged, since the checkpoint that would speak for them is damaged or missing. */
export class IdRanges {
  private readonly ranges: { readonly from: string; readonly to: string }[] = [];

  add(from: string, to: string): void {
    if (from <= to) this.ranges.push({ from, to });
  }

  hold(id: string): boolean {
    return this.ranges.some(({ from, to }) => from <= id && id <= to);
  }
}
