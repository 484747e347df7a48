/** Activations: elementwise, or over an axis. Definitions as `jax.nn`. */
import { type Tensor, type TensorLike, add, exp, logaddexp, log, max, multiply, stopGradient, subtract, sum, tanh as hyperbolicTangent, where } from '@cotangent/core'

export interface AxisOption {
  /** Default: the last. */
  readonly axis?: number
}

/** `max(x, 0)`; the derivative at 0 is 0, as in JAX. */
export const relu = (x: Tensor): Tensor => where(x.greater(0), x, 0)
/** `1 / (1 + exp(-x))`, through tanh: finite gradients for all finite x. */
export const sigmoid = (x: Tensor): Tensor => add(multiply(hyperbolicTangent(multiply(x, 0.5)), 0.5), 0.5)
export const tanh = (x: Tensor): Tensor => hyperbolicTangent(x)
/** `log(1 + exp(x))`. */
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
