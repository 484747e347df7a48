/** Entries for the testing kit's laws: how inputs of layers, activations and losses are drawn. */
import fc from 'fast-check'
import type { Tensor } from '@cotangent/core'
import type { Case, InputSpec, OpEntry } from '@cotangent/core/testing'

export const float = (shape: readonly number[], range: readonly [number, number] = [-2, 2], constant = false): InputSpec => ({
  shape,
  dtype: 'float32',
  range,
  constant,
})
export const small: fc.Arbitrary<number> = fc.integer({ min: 1, max: 4 })

/** Cases from a drawn record; accuracy is of sums of several terms. */
export function entry<T>(drawn: fc.Arbitrary<T>, make: (drawn: T) => Pick<Case, 'inputs' | 'call'>, more: Partial<OpEntry> = {}): OpEntry {
  const cases = fc
    .record({ value: drawn, seed: fc.nat(1_000_000) })
    .map(({ value, seed }): Case => ({ ...make(value), seed, options: value }))
  return { cases, accuracy: { ulp: 16, of: 'largest', reason: 'sums of several terms' }, differentiable: true, refused: [], ...more }
}
export const unary = (f: (x: Tensor) => Tensor, range?: readonly [number, number]): OpEntry =>
  entry(fc.array(small, { minLength: 1, maxLength: 3 }), shape => ({ inputs: [float(shape, range)], call: x => f(x as Tensor) }))
