/** Reductions that are composed: mean, variance, norms of counting, log-sum-exp. */
import { isFloat } from '../dtype.ts'
import { abs, divide, multiply, subtract } from '../primitives/arithmetic.ts'
import { toFloat } from '../primitives/cast.ts'
import { sum } from '../primitives/reduce.ts'
import { normalizeAxes } from '../shape.ts'
import { type Reduce, type Tensor, type TensorLike } from '../tensor.ts'

/** How many elements are reduced into one. */
const countOf = (where: string, t: Tensor, { axis }: Reduce): number => normalizeAxes(where, axis, t.ndim).reduce((n, k) => n * (t.shape[k] as number), 1)

/** Arithmetic mean over axes (default: all); integers give float32, no elements NaN. NumPy: `mean`. */
export function mean(x: TensorLike, options: Reduce = {}): Tensor {
  const t = toFloat('mean', x)
  return divide(sum(t, options), countOf('mean', t, options))
}
