/** Activations: elementwise, or over an axis. Definitions as `jax.nn`. */
import { type Tensor, type TensorLike, exp, lax, lessEqual, log, logaddexp, max, stopGradient, subtract, sum, tanh as hyperbolicTangent, where } from '@cotangent/core'

export interface AxisOption {
  /** Default: the last. */
  readonly axis?: number
}

/** `max(x, 0)`; the derivative at 0 is 0, as in JAX. NaN stays NaN. */
export const relu = (x: Tensor): Tensor => where(lessEqual(x, 0), 0, x)
/** `1 / (1 + exp(-x))`; accurate, with finite gradients, for all x. */
export const sigmoid = (x: Tensor): Tensor => lax.logistic(x)
/** The hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => hyperbolicTangent(x)
/** `log(1 + exp(x))` without overflow. */
export const softplus = (x: TensorLike): Tensor => logaddexp(x, 0)

/** `exp(x) / sum(exp(x))` over an axis; shifted by the maximum, so that it does not overflow. */
export function softmax(x: Tensor, options: AxisOption = {}): Tensor {
  const e = exp(shifted(x, options))
  return e.div(sum(e, { axis: options.axis ?? -1, keepdims: true }))
}
/** `log(softmax(x))`, accurate for small probabilities. */
export function logSoftmax(x: Tensor, options: AxisOption = {}): Tensor {
  const y = shifted(x, options)
  return subtract(y, log(sum(exp(y), { axis: options.axis ?? -1, keepdims: true })))
}
/** The maximum is a constant of the derivative: the shift cancels. */
const shifted = (x: Tensor, { axis = -1 }: AxisOption): Tensor => subtract(x, stopGradient(max(x, { axis, keepdims: true })))
