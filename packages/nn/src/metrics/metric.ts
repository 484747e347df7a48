/** What a metric is: a Monoid of what is known so far, and what it says. Folding over batches, in any grouping, gives what the whole batch gives. */
import type { Monoid } from 'fp-ts/lib/Monoid.js'
import { type Tensor, add, broadcastTo, equal, multiply, sum, tree, where as select } from '@cotangent/core'
import { fail, sameShape, showShape } from '@cotangent/core/extend'
import { checkTensors } from '../checks.ts'

/** `S` is a plain tree of tensors, `I` the inputs of a batch, `O` the result. All functions are pure; `update`, `merge` and `compute` work under `jit`. */
export interface Metric<S, I extends readonly unknown[], O = Tensor> {
  /** Nothing seen: the unit of `merge`. */
  init(): S
  update(state: S, ...batch: I): S
  /** Of two parts of the data, as two workers have them. */
  merge(a: S, b: S): S
  compute(state: S): O
}

/** A metric from what is known of nothing, of one batch, and what it says; `merge` default: the sums. */
export function metric<S, I extends readonly unknown[], O = Tensor>(parts: {
  readonly empty: () => S
  readonly measure: (...batch: I) => S
  readonly compute: (state: S) => O
  readonly merge?: (a: S, b: S) => S
}): Metric<S, I, O> {
  const { empty, measure, compute, merge = (a, b) => tree.map((x: Tensor, y: Tensor) => add(x, y), a, b as NoInfer<S>) } = parts
  return { init: empty, update: (state, ...batch) => merge(state, measure(...batch)), merge, compute }
}

/** The states of a metric under `merge`. */
export const monoidOf = <S, I extends readonly unknown[], O>(m: Metric<S, I, O>): Monoid<S> => ({ empty: m.init(), concat: m.merge })

/** The metric of batches, one after the other. */
export function evaluate<S, I extends readonly unknown[], O>(m: Metric<S, I, O>, batches: Iterable<I>): O {
  let state = m.init()
  for (const batch of batches) state = m.update(state, ...batch)
  return m.compute(state)
}

/** Several metrics of the same batches at once, by name. */
export function all<S extends object, I extends readonly unknown[], O extends object>(
  // Two types, so that states and results are both inferred.
  metrics: { readonly [K in keyof S]: Metric<S[K], I, unknown> } & { readonly [K in keyof O]: Metric<unknown, I, O[K]> },
): Metric<S, I, O> {
  const named = Object.entries(metrics as Readonly<Record<string, Metric<unknown, I, unknown>>>)
  const each = (f: (m: Metric<unknown, I, unknown>, name: string) => unknown): never =>
    Object.fromEntries(named.map(([name, m]) => [name, f(m, name)])) as never
  const of = (state: S, name: string): unknown => state[name as keyof S]
  return {
    init: () => each(m => m.init()),
    update: (state, ...batch) => each((m, name) => m.update(of(state, name), ...batch)),
    merge: (a, b) => each((m, name) => m.merge(of(a, name), of(b, name))),
    compute: state => each((m, name) => m.compute(of(state, name))),
  }
}

export interface MeanState {
  readonly total: Tensor
  readonly weight: Tensor
}
/** The sum of values and of their weights, which have the leading axes of the values. */
export function weighed(where: string, x: Tensor, weights?: Tensor): MeanState {
  const values = x.astype('float32')
  if (weights === undefined) return { total: sum(values), weight: sum(values.mul(0).add(1)) }
  checkTensors(where, { weights })
  if (!sameShape(weights.shape, x.shape.slice(0, weights.ndim)))
    fail('ShapeError', `${where}: weights ${showShape(weights.shape)} must have the leading axes of the values ${showShape(x.shape)}.`)
  const each = broadcastTo(weights.reshape([...weights.shape, ...Array<number>(x.ndim - weights.ndim).fill(1)]), x.shape)
  return { total: sum(select(equal(each, 0), 0, multiply(values, each))), weight: sum(each.astype('float32')) }
}
