import { Observable } from 'rxjs';

/**
 * Asks for a handler's answers inside of `run`, and passes them on. The last one, which says that all is done, waits until `run` has
 * ended: what the handler has written is flushed by then, or the answer is an error.
 */
export function answeredAfter(
  answers: () => Observable<unknown>,
  run: (work: () => Promise<void>) => Promise<unknown>,
): Observable<unknown> {
  return new Observable((subscriber) => {
    let last: { readonly value: unknown } | undefined;
    const work = () =>
      new Promise<void>((resolve, reject) => {
        const subscription = answers().subscribe({
          next(value) {
            if (last) subscriber.next(last.value);
            last = { value };
          },
          error: reject,
          complete: resolve,
        });
        // Whoever asked has gone: what was written so far is kept, as that of a request is.
        subscriber.add(() => {
          subscription.unsubscribe();
          resolve();
        });
      });
    const answer = async () => {
      await run(work);
      if (last) subscriber.next(last.value);
      subscriber.complete();
    };
    answer().catch((error: unknown) => subscriber.error(error));
  });
}
