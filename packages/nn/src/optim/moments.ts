/** What optimisers' states are made of. */
import { type Tensor, type TensorLike, add, array, expm1, multiply, square, sqrt, sum, tree, zerosLike } from '@cotangent/core'

/** The count before the first update. */
export const noUpdates = (): Tensor => array(0, { dtype: 'int32' })
export const zerosOf = <P>(params: P): P => tree.map(zerosLike, params)

/** `decay * mean + (1 - decay) * x`. */
export const mixed = (decay: number, mean: Tensor, x: TensorLike): Tensor => add(multiply(mean, decay), multiply(x, 1 - decay))
export const average = <P>(decay: number, means: P, grads: P): P =>
  tree.map((m: Tensor, g: Tensor) => mixed(decay, m, g), means, grads as NoInfer<P>)
export const averageSquares = <P>(decay: number, means: P, grads: P): P =>
  tree.map((v: Tensor, g: Tensor) => mixed(decay, v, square(g)), means, grads as NoInfer<P>)

/** `b^t - 1` without the rounding of b to float32, which would be a relative error of 1e-5 for b = 0.999 and t = 1. */
export const powerLess1 = (b: number, count: Tensor): Tensor => expm1(multiply(count.astype('float32'), Math.log(b)))
/** `x / (1 - b^t)`. */
export function corrected<P>(b: number, count: Tensor, means: P): P {
  const factor = powerLess1(b, count).neg()
  return tree.map((m: Tensor) => m.div(factor), means)
}

/** The square root of the sum of squares of a tensor. */
export const norm = (x: Tensor): Tensor => sqrt(sum(square(x)))
/** The norm of all tensors of a tree together. optax: `global_norm`. */
export const globalNorm = (t: unknown): Tensor => sqrt(tree.reduce((total: Tensor, x) => add(total, sum(square(x))), t, array(0)))
