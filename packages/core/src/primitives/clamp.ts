/** Limits values to a range. Source of the derivatives: jax.lax.clamp. */
import { bind1 } from '../program/bind.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { maximum, minimum, multiply } from './arithmetic.ts'
import { promoteOperands } from './cast.ts'
import { greater, less } from './comparison.ts'
import { elementwise } from './family.ts'
import type { NodeId } from '../lower/kernel.ts'
import type { NoParams, SimplePrimitive } from './primitive.ts'
import { where } from './select.ts'

/** min(max(x, low), high). The gradient goes to x strictly between the bounds, to a bound where it is the result and x is beyond it. */
export const clampP: SimplePrimitive<NoParams> = elementwise({
  name: 'clamp',
  publicName: 'clip',
  inputs: ['x', 'low', 'high'],
  domain: 'number',
  cost: 2,
  derivatives: [
    (t, [x, low, high]) => where(multiply(greater(x as Tensor, low as Tensor), less(x as Tensor, high as Tensor)), t, 0),
    (t, [x, low, high]) => where(multiply(greater(low as Tensor, x as Tensor), less(low as Tensor, high as Tensor)), t, 0),
    (t, [x, low, high]) => where(less(high as Tensor, maximum(x as Tensor, low as Tensor)), t, 0),
  ],
  composite: {
    lower: (b, args, dtype) => {
      const [x, low, high] = args as readonly [NodeId, NodeId, NodeId]
      return b.apply('min', [b.apply('max', [x, low], dtype), high], dtype)
    },
    evaluate: args => {
      const [x, low, high] = args as readonly [number, number, number]
      return [x, low, high].some(Number.isNaN) ? NaN : Math.min(Math.max(x, low), high)
    },
  },
})

/**
 * x limited to [low, high]; a bound of `null` limits nothing, and `high` wins where low > high. The gradient passes strictly inside the bounds.
 * NumPy: `clip`.
 */
export function clip(x: TensorLike, low: TensorLike | null, high: TensorLike | null): Tensor {
  if (low !== null && high !== null) return bind1(clampP, promoteOperands('clip', x, low, high))
  return low !== null ? maximum(x, low) : high !== null ? minimum(x, high) : toTensor(x, 'clip')
}
