/** Losses between numbers: a value for each element, its mean over all axes but the first, then the reduction. Predictions and targets: `[n, ...]`. */
import { type Tensor, abs, clip, divide, lessEqual, log1p, maximum, multiply, sqrt, square, subtract, sum, where } from '@cotangent/core'
import { softplus } from '../activations.ts'
import { atLeastFloat32, checkNumber, keepFloat } from '../checks.ts'
import { type LossOptions, reduceLoss, sameShapes } from './loss.ts'

type Loss<O = LossOptions> = (predictions: Tensor, targets: Tensor, options?: O) => Tensor

function elementwise(loss: string, each: (prediction: Tensor, target: Tensor) => Tensor): Loss {
  return (predictions, targets, options = {}) => {
    sameShapes(loss, 'predictions', predictions, 'targets', targets)
    return reduceLoss(loss, each(predictions, targets), options, 1)
  }
}

/**
 * Mean of squared differences. Keras and PyTorch: MSE.
 * @throws ShapeError when the shapes differ: they do not broadcast.
 */
export const meanSquaredError: Loss = elementwise('meanSquaredError', (p, t) => square(subtract(p, t)))
/** Mean of absolute differences. Keras: MAE; TF.js: `absoluteDifference`; PyTorch: `L1Loss`. */
export const meanAbsoluteError: Loss = elementwise('meanAbsoluteError', (p, t) => abs(subtract(p, t)))
/** `100 |p - t| / |t|`, with at least 1e-7 below. Keras: MAPE. */
export const meanAbsolutePercentageError: Loss = elementwise('meanAbsolutePercentageError', (p, t) =>
  multiply(divide(abs(subtract(p, t)), maximum(abs(t), 1e-7)), 100),
)
/** `(log(1 + p) - log(1 + t))^2`; negative numbers count as 0. Keras: MSLE. */
export const meanSquaredLogarithmicError: Loss = elementwise('meanSquaredLogarithmicError', (p, t) =>
  square(subtract(log1p(maximum(p, 0)), log1p(maximum(t, 0)))),
)
/** `log(cosh(p - t))`, like half the square near 0 and like the absolute value far away; does not overflow. Keras: `log_cosh`. */
export const logCosh: Loss = elementwise('logCosh', (p, t) => {
  const d = subtract(p, t)
  return d.add(softplus(d.mul(-2))).sub(Math.LN2)
})

export interface HuberOptions extends LossOptions {
  /** Where squares become lines. Default 1. */
  readonly delta?: number
}
/** `d^2 / 2` for differences up to `delta`, `delta (|d| - delta / 2)` beyond. Huber 1964; PyTorch: `HuberLoss` (with delta 1 also `SmoothL1Loss`). */
export function huberLoss(predictions: Tensor, targets: Tensor, options: HuberOptions = {}): Tensor {
  const { delta = 1 } = options
  checkNumber('huberLoss', 'delta', delta, 'a number above 0', n => n > 0)
  return elementwise('huberLoss', (p, t) => {
    const d = subtract(p, t),
      size = abs(d),
      near = clip(d, -delta, delta)
    return where(lessEqual(size, delta), multiply(square(near), 0.5), multiply(subtract(size, delta / 2), delta))
  })(predictions, targets, options)
}

export interface CosineOptions extends LossOptions {
  /** Norms count as at least this. Default 1e-8 (PyTorch). */
  readonly eps?: number
}
/** `a . b / (|a| |b|)` over the last axis, in [-1, 1]: vectors `[..., d]` give `[...]`. */
export function cosineSimilarity(a: Tensor, b: Tensor, { eps = 1e-8 }: { readonly eps?: number } = {}): Tensor {
  return sum(multiply(unit(a, eps), unit(b, eps)), { axis: -1 })
}
/** Vectors of length 1 along the last axis; the gradient at 0 is finite. */
export function unit(x: Tensor, eps: number): Tensor {
  // float16 ends at 65504, and 1e-16 is 0 there.
  const wide = atLeastFloat32(x),
    squares = sum(square(wide), { axis: -1, keepdims: true })
  return keepFloat(x, divide(wide, sqrt(maximum(squares, eps * eps))))
}
/** `1 - cosineSimilarity`: of vectors `[n, ..., d]`, one value for each. optax: `cosine_distance`; Keras' loss is 1 less. */
export function cosineDistance(predictions: Tensor, targets: Tensor, options: CosineOptions = {}): Tensor {
  sameShapes('cosineDistance', 'predictions', predictions, 'targets', targets)
  return reduceLoss('cosineDistance', subtract(1, cosineSimilarity(predictions, targets, options)), options)
}
