/** Activations that are linear on one side. Definitions as `jax.nn`. */
import {
  type Tensor,
  abs,
  clip,
  divide,
  exp,
  expm1,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  log1p,
  logicalNot,
  multiply,
  negative,
  sqrt,
  square,
  where,
} from '@cotangent/core'
import { relu } from '../activations.ts'

/** `f(x)` where the condition holds, else `other`; f and its derivative see only elements where it holds, so that infinities of f do no harm. */
export function guarded(condition: Tensor, x: Tensor, f: (x: Tensor) => Tensor, other: Tensor | number): Tensor {
  return where(condition, f(where(condition, x, 0)), other)
}

/** `min(max(x, 0), 6)`. */
export const relu6 = (x: Tensor): Tensor => clip(x, 0, 6)

/** `x` above 0, else `negativeSlope x`. `negativeSlope` default 0.01 (JAX, PyTorch; Keras 0.3). */
export function leakyRelu(x: Tensor, { negativeSlope = 0.01 }: { readonly negativeSlope?: number } = {}): Tensor {
  return where(greaterEqual(x, 0), x, multiply(x, negativeSlope))
}

export interface AlphaOption {
  /** Default 1. */
  readonly alpha?: number
}
/** `x` above 0, else `alpha (exp(x) - 1)`. Clevert et al. 2015, https://arxiv.org/abs/1511.07289. */
export function elu(x: Tensor, { alpha = 1 }: AlphaOption = {}): Tensor {
  return guarded(lessEqual(x, 0), x, v => multiply(expm1(v), alpha), x)
}
/** `x` above 0, else `alpha (exp(x / alpha) - 1)`: its derivative is continuous. Barron 2017, https://arxiv.org/abs/1704.07483. */
export function celu(x: Tensor, { alpha = 1 }: AlphaOption = {}): Tensor {
  return guarded(lessEqual(x, 0), x, v => multiply(expm1(v.div(alpha)), alpha), x)
}

/** The constants of Klambauer et al. 2017 (https://arxiv.org/abs/1706.02515): mean 0 and variance 1 are a fixed point. */
export const seluAlpha = 1.6732632423543772,
  seluScale = 1.0507009873554805
/** `scale elu(x, alpha)`, for self-normalising networks (with LeCun normal kernels and `alphaDropout`). */
export const selu = (x: Tensor): Tensor => multiply(elu(x, { alpha: seluAlpha }), seluScale)

/** `(x + sqrt(x^2 + b)) / 2`, a softplus without exponentials; accurate for negative x. `b` default 4. Barron 2021, https://arxiv.org/abs/2112.11687. */
export function squareplus(x: Tensor, { b = 4 }: { readonly b?: number } = {}): Tensor {
  // Further out the result is relu(x) to the last bit of a float32, and squares of infinities have no derivative.
  const near = logicalNot(greater(abs(x), 1e9 * Math.max(1, Math.sqrt(b))))
  const f = (v: Tensor): Tensor => {
    const root = sqrt(square(v).add(b)),
      below = less(v, 0)
    // The sum of a negative x and its root would cancel.
    return where(below, divide(b / 2, root.sub(where(below, v, 0))), root.add(v).mul(0.5))
  }
  return guarded(near, x, f, relu(x))
}

/** 0 below -1, `x` above 1, `(x + 1)^2 / 4` in between. JAX: `sparse_plus`. */
export function sparsePlus(x: Tensor): Tensor {
  return where(greaterEqual(x, 1), x, multiply(square(clip(x, -1, 1).add(1)), 0.25))
}

/** `log(1 - exp(-x))` for x above 0, accurate for small and for large x. JAX: `log1mexp`; Maechler 2012. */
export function log1mexp(x: Tensor): Tensor {
  const small = lessEqual(x, Math.LN2)
  const near = log(negative(expm1(negative(where(small, x, 1))))),
    far = log1p(negative(exp(negative(where(small, 1, x)))))
  return where(small, near, far)
}
