/** Functions over an axis. */
import { type DType, type Tensor, arange, equal, expandDims, mean, sqrt, square } from '@cotangent/core'
import type { AxisOption } from '../activations.ts'
import { atLeastFloat32, keepFloat } from '../checks.ts'

export interface OneHotOptions extends AxisOption {
  /** Default float32. */
  readonly dtype?: DType
}
/**
 * Class ids `[...]` as vectors of 0 and 1, `[..., classes]`, or with the new axis at `axis`; an id outside of the classes gives zeros. JAX: `one_hot`.
 * @example
 * oneHot(array([2, 0]), 3) // [[0, 0, 1], [1, 0, 0]]
 */
export function oneHot(ids: Tensor, classes: number, { axis = -1, dtype = 'float32' }: OneHotOptions = {}): Tensor {
  const wide = expandDims(ids, axis)
  const at = axis < 0 ? wide.ndim + axis : axis
  const range = arange(classes).reshape(wide.shape.map((_, k) => (k === at ? classes : 1)))
  return equal(wide, range.astype(ids.dtype)).astype(dtype)
}

export interface StandardizeOptions extends AxisOption {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number
}
/** Mean 0 and variance 1 along an axis. JAX: `nn.standardize`. */
export function standardize(x: Tensor, { axis = -1, epsilon = 1e-5 }: StandardizeOptions = {}): Tensor {
  return normalize(x, [axis], epsilon)
}

/** `(x - mean) / sqrt(variance + epsilon)` with both over `axis`; of 16 bits by way of float32, where squares do not overflow. */
export function normalize(x: Tensor, axis: readonly number[], epsilon: number): Tensor {
  const wide = atLeastFloat32(x),
    centered = wide.sub(mean(wide, { axis, keepdims: true }))
  return keepFloat(x, centered.div(rootMeanSquare(centered, axis, epsilon)))
}
/** `sqrt(mean(x^2) + epsilon)` over `axis`, whose size becomes 1. */
export const rootMeanSquare = (x: Tensor, axis: readonly number[], epsilon: number): Tensor =>
  sqrt(mean(square(x), { axis, keepdims: true }).add(epsilon))
