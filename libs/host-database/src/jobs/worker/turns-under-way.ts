/** The statements that a worker of a queue waits for. */
export class TurnsUnderWay {
  private turns = 0;
  private looks = 0;
  private wanted = 0;

  get count(): number {
    return this.turns + this.looks;
  }

  /** Those that record and claim. */
  get ordinary(): number {
    return this.turns;
  }

  /** Whether one looks for other tenants' jobs. */
  get isLooking(): boolean {
    return this.looks > 0;
  }

  /** How many jobs they may bring. */
  get expected(): number {
    return this.wanted;
  }

  /** Begins one, and returns how to end it. */
  begin(kind: 'turn' | 'look', wanted: number): () => void {
    const count = (by: 1 | -1) => {
      if (kind === 'turn') this.turns += by;
      else this.looks += by;
      this.wanted += by * wanted;
    };
    count(1);
    return () => count(-1);
  }
}
