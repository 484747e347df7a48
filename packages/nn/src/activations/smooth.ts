/** Activations that gate their argument, and those that saturate. Definitions as `jax.nn`. */
import { type Tensor, abs, clip, divide, erf, greater, lax, less, logicalOr, multiply, negative, split, tanh, where } from '@cotangent/core'
import { type AxisOption, relu, softplus } from '../activations.ts'
import { guarded, relu6 } from './rectifiers.ts'

/** `x sigmoid(x)`, also called swish. Elfwing et al. 2017, https://arxiv.org/abs/1702.03118. */
export const silu = (x: Tensor): Tensor => multiply(x, lax.logistic(x))

export interface GeluOptions {
  /** By tanh (default, as JAX and Flax) or by erf (Keras's and PyTorch's default). */
  readonly approximate?: boolean
}
/** `x Phi(x)`, Phi the distribution function of the normal. Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415. */
export function gelu(x: Tensor, { approximate = true }: GeluOptions = {}): Tensor {
  if (!approximate) return multiply(multiply(x, 0.5), erf(multiply(x, Math.SQRT1_2)).add(1))
  const cubic = multiply(multiply(multiply(x, x), x), 0.044715).add(x)
  return multiply(multiply(x, 0.5), tanh(multiply(cubic, Math.sqrt(2 / Math.PI))).add(1))
}

/** `x tanh(softplus(x))`. Misra 2019, https://arxiv.org/abs/1908.08681. */
export function mish(x: Tensor): Tensor {
  // Outside of it the result is relu(x), and products with infinities have no derivative.
  const far = logicalOr(greater(x, 50), less(x, -120))
  return where(
    far,
    relu(x),
    guarded(far.equal(false), x, v => multiply(v, tanh(softplus(v))), 0),
  )
}

/** `a sigmoid(b)` of the two halves of an axis (default: the last, whose size must be even). Dauphin et al. 2017, https://arxiv.org/abs/1612.08083. */
export function glu(x: Tensor, { axis = -1 }: AxisOption = {}): Tensor {
  const [a, b] = split(x, 2, { axis }) as [Tensor, Tensor]
  return multiply(a, lax.logistic(b))
}

/** `log(sigmoid(x))`, accurate for all x. */
export const logSigmoid = (x: Tensor): Tensor => negative(softplus(negative(x)))
/** `x / (1 + |x|)`. */
export const softSign = (x: Tensor): Tensor => divide(x, abs(x).add(1))
/** `x` kept within [-1, 1]. */
export const hardTanh = (x: Tensor): Tensor => clip(x, -1, 1)
/** `relu6(x + 3) / 6` (JAX, PyTorch). */
export const hardSigmoid = (x: Tensor): Tensor => divide(relu6(x.add(3)), 6)
/** `x hardSigmoid(x)`. Howard et al. 2019, https://arxiv.org/abs/1905.02244. */
export const hardSwish = (x: Tensor): Tensor => multiply(x, hardSigmoid(x))
/** 0 below -1, 1 above 1, linear in between: the derivative of `sparsePlus`. JAX: `sparse_sigmoid`. */
export const sparseSigmoid = (x: Tensor): Tensor => multiply(clip(x, -1, 1).add(1), 0.5)
