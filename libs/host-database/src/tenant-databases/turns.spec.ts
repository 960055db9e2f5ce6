import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.js';

describe(Turns.name, () => {
  it('lets so many go on at once, the others in the order in which they came, also after a failure', async () => {
    const sut = new Turns(2);
    const order: number[] = [];
    let [running, most] = [0, 0];
    const work = (id: number) =>
      sut.run(async () => {
        order.push(id);
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
        if (id === 1) throw new Error('no');
      });
    const outcomes = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
    expect(outcomes.map(({ status }) => status === 'rejected')).toEqual([false, true, false, false, false]);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(most).toBe(2);
    // Nobody has kept a turn.
    await Promise.all([work(5), work(6)]);
    expect(order).toHaveLength(7);
  });
});
