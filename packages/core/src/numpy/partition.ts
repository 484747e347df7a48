/** Partial orders. Lines are sorted as a whole, which is a partition at every position. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { argsort, sort } from '../primitives/sort.ts'
import { normalizeAxis, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

interface OneAxis {
  /** Default: the last axis. */
  readonly axis?: number
}

function checked(caller: string, x: TensorLike, kth: number, axis: number): readonly [Tensor, { readonly axis: number }] {
  const t = toTensor(x, caller),
    k = normalizeAxis(caller, axis, t.ndim),
    n = t.shape[k] as number
  if (!Number.isInteger(kth) || kth < -n || kth >= n)
    fail('ValueError', `${caller}: kth = ${kth} is no position along axis ${axis} of shape ${showShape(t.shape)}.`)
  return [t, { axis: k }]
}

/**
 * Lines along an axis with the smaller elements before position `kth`, the larger ones behind it, and there what a sort puts there; NaN last. The
 * lines are in fact sorted. NumPy: `partition`.
 */
export function partition(x: TensorLike, kth: number, options: OneAxis = {}): Tensor {
  const { axis = -1 } = checkOptions('partition', options, 'axis')
  return sort(...checked('partition', x, kth, axis))
}
/** The positions (int32) that partition x along an axis. NumPy: `argpartition`. */
export function argpartition(x: TensorLike, kth: number, options: OneAxis = {}): Tensor {
  const { axis = -1 } = checkOptions('argpartition', options, 'axis')
  return argsort(...checked('argpartition', x, kth, axis))
}
