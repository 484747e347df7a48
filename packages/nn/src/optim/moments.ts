/** What optimisers' states are made of. */
import { type Tensor, type TensorLike, add, array, expm1, multiply, square, sqrt, sum, tree, zerosLike } from '@cotangent/core'
import { checkNumber } from '../checks.ts'

/** The count before the first update. */
export const noUpdates = (): Tensor => array(0, { dtype: 'int32' })
/** Zeros like the parameters; of 16 bits in float32, where squares of small gradients are not 0, and 1e-8 is not either. */
export const zerosOf = <P>(params: P): P => tree.map((p: Tensor) => zerosLike(is16Bits(p) ? p.astype('float32') : p), params)
const is16Bits = (x: Tensor): boolean => x.dtype === 'float16' || x.dtype === 'bfloat16'
const squares = (x: Tensor): Tensor => square(is16Bits(x) ? x.astype('float32') : x)

/** `decay * mean + (1 - decay) * x`. */
export const mixed = (decay: number, mean: Tensor, x: TensorLike): Tensor => add(multiply(mean, decay), multiply(x, 1 - decay))
export function average<P>(decay: number, means: P, grads: P): P {
  checkDecay(decay)
  return tree.map((m: Tensor, g: Tensor) => mixed(decay, m, g), means, grads as NoInfer<P>)
}
export function averageSquares<P>(decay: number, means: P, grads: P): P {
  checkDecay(decay)
  return tree.map((v: Tensor, g: Tensor) => mixed(decay, v, squares(g)), means, grads as NoInfer<P>)
}
const checkDecay = (decay: number): void =>
  checkNumber('optimiser', 'the decay of a mean (b1, b2)', decay, 'in [0, 1]', d => d >= 0 && d <= 1)

/** `b^t - 1` without the rounding of b to float32, which would be a relative error of 1e-5 for b = 0.999 and t = 1. */
export const powerLess1 = (b: number, count: Tensor): Tensor => expm1(multiply(count.astype('float32'), Math.log(b)))
/** `x / (1 - b^t)`. */
export function corrected<P>(b: number, count: Tensor, means: P): P {
  const factor = powerLess1(b, count).neg()
  return tree.map((m: Tensor) => m.div(factor), means)
}

/** The square root of the sum of squares of a tensor. */
export const norm = (x: Tensor): Tensor => sqrt(sum(squares(x)))
/** The norm of all tensors of a tree together. optax: `global_norm`. */
export const globalNorm = (t: unknown): Tensor => sqrt(sumOf(t, squares))
/** The sum of all numbers of a tree, each changed by `f`: `[]`. */
export const sumOf = (t: unknown, f: (x: Tensor) => Tensor = x => x): Tensor =>
  tree.reduce((total: Tensor, x) => add(total, sum(f(x))), t, array(0))
/** The sum of the products of corresponding numbers: `[]`. */
export const dot = <P>(a: P, b: P): Tensor => sumOf(tree.map((x: Tensor, y: Tensor) => multiply(x, y), a, b as NoInfer<P>))
