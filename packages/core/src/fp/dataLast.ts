/** Data-last forms, for `pipe` and `flow`. */

/** `(x, ...rest) => y` as `(...rest) => x => y`. Only for functions of one signature without type parameters: TypeScript keeps no others. */
export type DataLast<F> = F extends (x: infer X, ...rest: infer R) => infer Y ? (...rest: R) => (x: X) => Y : never

/**
 * Moves the first argument of a function to the end: for functions of your own, and for those of other packages.
 * @example
 * pipe(logits, dataLast(softmax)({ axis: 0 }))
 */
/* @__NO_SIDE_EFFECTS__ */
export function dataLast<X, R extends readonly unknown[], Y>(f: (x: X, ...rest: R) => Y): (...rest: R) => (x: X) => Y {
  return (...rest) =>
    x =>
      f(x, ...rest)
}
