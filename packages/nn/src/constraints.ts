/** Projections of parameters, after each update: `constrained(maxNorm(2))` last in a chain. Keras' definitions; norms are of each unit: over all axes but the last. */
import { type Tensor, add, clip, divide, maximum, multiply, sqrt, square, subtract, sum } from '@cotangent/core'
import { atLeastFloat32, checkNumber, keepFloat } from './checks.ts'
import { type LeafFilter, mapPaths } from './optim/leaves.ts'
import type { Fixed, GradientTransformation } from './optim/transformation.ts'

/** From a tensor to the nearest allowed one. */
export type Constraint = (w: Tensor) => Tensor
const unitNorms = (w: Tensor): Tensor =>
  sqrt(sum(square(atLeastFloat32(w)), { axis: Array.from({ length: Math.max(w.ndim - 1, 1) }, (_, i) => i), keepdims: true }))
/** Keras: `backend.epsilon()`. */
const eps = 1e-7

/** Norms of at most `limit`. Default 2. */
export function maxNorm(limit = 2): Constraint {
  checkNumber('constraints.maxNorm', 'the limit', limit, 'a number above 0', n => n > 0)
  return w => {
    const norms = unitNorms(w)
    return keepFloat(w, multiply(w, divide(clip(norms, 0, limit), norms.add(eps))))
  }
}
/** Norms of 1. */
export const unitNorm = (): Constraint => w => keepFloat(w, divide(w, unitNorms(w).add(eps)))
/** Nothing below 0. */
export const nonNegative = (): Constraint => w => maximum(w, 0)
/** Norms between two bounds; `rate` of the way there. Defaults 0, 1, 1. */
export function minMaxNorm(low = 0, high = 1, rate = 1): Constraint {
  checkNumber('constraints.minMaxNorm', 'low', low, `0 to high = ${high}`, n => n >= 0 && n <= high)
  checkNumber('constraints.minMaxNorm', 'rate', rate, 'in [0, 1]', n => n >= 0 && n <= 1)
  return w => {
    const norms = unitNorms(w)
    return keepFloat(w, multiply(w, divide(add(multiply(clip(norms, low, high), rate), multiply(norms, 1 - rate)), norms.add(eps))))
  }
}

/** Updates after which the parameters (those that `filter` takes) meet a constraint. */
export function constrained(
  constraint: Constraint,
  { filter }: { readonly filter?: LeafFilter } = {},
): GradientTransformation<Fixed<null>> {
  const projected = (u: Tensor, p: Tensor): Tensor => subtract(constraint(add(p, u)), p)
  return {
    init: () => null,
    update: (updates, state, params) => [
      mapPaths((path, u, p) => (filter === undefined || filter(path, p) ? projected(u, p) : u), updates, params),
      state,
    ],
  }
}
