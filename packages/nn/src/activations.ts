/** Activations: elementwise, or over an axis. Definitions as `jax.nn`. */
import { type SimplePrimitive, bind1, elementwise, toTensor } from '@cotangent/core/extend'
import {
  type Tensor,
  type TensorLike,
  customJvp,
  exp,
  lax,
  lessEqual,
  log,
  logaddexp,
  max,
  stopGradient,
  subtract,
  sum,
  tanh as hyperbolicTangent,
  where,
} from '@cotangent/core'

export interface AxisOption {
  /** Default: the last. */
  readonly axis?: number
}

/** A primitive, because its derivative can be told from its result alone: what goes into a large activation need not be kept for the way back. */
const reluP: SimplePrimitive = /* @__PURE__ */ elementwise({
  name: 'relu',
  inputs: ['x'],
  domain: 'number',
  cost: 1,
  derivatives: [(t, _, y) => where(lessEqual(y, 0), 0, t)],
  composite: { lower: (b, [x = 0], dtype) => b.apply('max', [x, b.constant(0, dtype)], dtype), evaluate: ([x = NaN]) => (x <= 0 ? 0 : x) },
})
/** `max(x, 0)`; the derivative at 0 is 0, as in JAX. NaN stays NaN. */
export const relu = (x: Tensor): Tensor => bind1(reluP, [toTensor(x, 'relu')])
/** `1 / (1 + exp(-x))`; accurate, with finite gradients, for all x. */
export const sigmoid = (x: Tensor): Tensor => lax.logistic(x)
/** The hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => hyperbolicTangent(x)
/** `log(1 + exp(x))` without overflow. */
export const softplus = (x: TensorLike): Tensor => logaddexp(x, 0)

/** `exp(x) / sum(exp(x))` over an axis; shifted by the maximum, so that it does not overflow. */
export const softmax = (x: Tensor, { axis = -1 }: AxisOption = {}): Tensor => softmaxAlong(x, axis)

/** With its derivative by its result alone, as `jax.nn.softmax`: the exponentials need not be kept for the way back. */
const softmaxAlong: (x: Tensor, axis: number) => Tensor = /* @__PURE__ */ customJvp(
  (x: Tensor, axis: number): Tensor => {
    const e = exp(shifted(x, { axis }))
    return e.div(sum(e, { axis, keepdims: true }))
  },
  ([x, axis], [t]) => {
    const y = softmaxAlong(x, axis),
      yt = y.mul(t)
    return [y, yt.sub(y.mul(sum(yt, { axis, keepdims: true })))]
  },
  { nondiffArgnums: [1] },
)
/** `log(softmax(x))`, accurate for small probabilities. */
export function logSoftmax(x: Tensor, options: AxisOption = {}): Tensor {
  const y = shifted(x, options)
  return subtract(y, log(sum(exp(y), { axis: options.axis ?? -1, keepdims: true })))
}
/** The maximum is a constant of the derivative: the shift cancels. */
const shifted = (x: Tensor, { axis = -1 }: AxisOption): Tensor => subtract(x, stopGradient(max(x, { axis, keepdims: true })))
