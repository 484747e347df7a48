/**
 * The identity on several tensors at once, which the compiler does not look through (JAX: optimization_barrier). All of them are in memory before
 * anything that reads a result of it runs, and no kernel before it is fused with one after it: work that is written twice, once on either side,
 * is done twice.
 */
import { bind, isConcrete } from '../program/bind.ts'
import type { Tensor } from '../tensor.ts'
import { flattenTree, unflattenTree } from '../tree.ts'
import { nonzero, present } from './call.ts'
import { type MaybeTensor, noParams, type NoParams, type SimplePrimitive } from './primitive.ts'

export const optimizationBarrierP: SimplePrimitive<NoParams> = {
  name: 'optimizationBarrier',
  inputs: ['x'],
  abstractEval: avals => avals,
  jvp: (_, tangents) => throughBarrier(tangents),
  transpose: cts => throughBarrier(cts),
  batch: (tensors, axes) => ({ outputs: barrier(tensors), axes }),
  lower(l, values) {
    const stored = values.map(v => l.stored(v))
    l.fence()
    return stored
  },
  evaluate: arrays => arrays,
}

const barrier = (tensors: readonly Tensor[]): readonly Tensor[] =>
  tensors.length === 0 || isConcrete(tensors) ? tensors : bind(optimizationBarrierP, tensors, noParams)

/** Tangents and cotangents wait for each other as the values do. */
function throughBarrier(tangents: readonly MaybeTensor[]): readonly MaybeTensor[] {
  const there = nonzero(tangents),
    passed = [...barrier(present(tangents))]
  return there.map(is => (is ? (passed.shift() as Tensor) : null))
}

/**
 * x, a tensor or a tree of them, as it is, but all of it is computed before anything that uses the result, and nothing is computed once for both
 * sides: to order work, to keep a value in memory, to compute something again instead of keeping it. Derivatives pass through it in the same way.
 * JAX: `lax.optimization_barrier`.
 *
 * @example const [x, ct] = optimizationBarrier([input, cotangent]) // what is computed from x waits for ct
 */
export function optimizationBarrier<T>(x: T): T {
  if (typeof x === 'number' || typeof x === 'boolean') return x
  const { leaves, structure } = flattenTree(x, 'optimizationBarrier: x')
  return unflattenTree(structure, barrier(leaves)) as T
}
