import { concat, concatMap, defer, EMPTY, from, ignoreElements, type Observable, of } from 'rxjs';

/**
 * Passes on each answer, and that there are no more, once `admit` has resolved; where it throws, that is the end. It returns nothing
 * where there is nothing to wait for.
 */
export function passedWhile<T>(answers: Observable<T>, admit: () => Promise<void> | undefined): Observable<T> {
  const admitted = defer(() => {
    const asked = admit();
    return asked ? from(asked).pipe(ignoreElements()) : EMPTY;
  });
  return concat(answers.pipe(concatMap((answer) => concat(admitted, of(answer)))), admitted);
}
