/** Whether two types are the same: not merely assignable, and neither of them `any` by accident. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only where the type argument is true. */
export function expectType<_Holds extends true>(): void {
  // The compiler has done the work.
}
