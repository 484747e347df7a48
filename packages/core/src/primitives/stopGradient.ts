/** The identity with a zero derivative: every transform takes what flows through it for a constant. */
import { bind1, isConcrete } from '../program/bind.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { flattenTree, unflattenTree } from '../tree.ts'
import { first } from './family.ts'
import { none, type NoParams, type SimplePrimitive } from './primitive.ts'

export const stopGradientP: SimplePrimitive<NoParams> = {
  name: 'stopGradient',
  inputs: ['x'],
  abstractEval: avals => [first(avals)],
  jvp: () => [null],
  transpose: none('it has no tangent'),
  batch: (tensors, axes) => ({ outputs: [constantOf(first(tensors))], axes: [first(axes)] }),
  lower: (_, values) => [first(values)],
  evaluate: arrays => [first(arrays)],
}

/** x, treated as a constant by all derivatives. */
export function constantOf(x: TensorLike): Tensor {
  const t = toTensor(x, 'stopGradient')
  return isConcrete([t]) ? t : bind1(stopGradientP, [t])
}

/** x, a constant to `grad`, `vjp`, `jvp` and `linearize`. Takes a tensor or a tree of them; a plain number stays one. JAX: `lax.stop_gradient`. */
export function stopGradient<T>(x: T): T {
  if (typeof x === 'number' || typeof x === 'boolean') return x
  const { leaves, structure } = flattenTree(x, 'stopGradient: x')
  return unflattenTree(structure, leaves.map(constantOf)) as T
}
