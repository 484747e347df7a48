/** Bounds of gradients and of updates; transformations without state. */
import {
  type Tensor,
  broadcastTo,
  clip as clipTo,
  divide,
  isnan,
  less,
  maximum,
  mean,
  minimum,
  multiply,
  negative,
  sqrt,
  square,
  sum,
  tree,
  where,
  zerosLike,
} from '@cotangent/core'
import { atLeastFloat32, checkNumber, keepFloat } from '../checks.ts'
import { globalNorm } from './moments.ts'
import type { Fixed, GradientTransformation } from './transformation.ts'

type Stateless = GradientTransformation<Fixed<null>>
const ofEach = (f: (update: Tensor, param: Tensor) => Tensor): Stateless => ({
  init: () => null,
  update: (updates, state, params) => [tree.map(f, updates, params), state],
})

/** Each number into `[-limit, limit]`. */
export function clip(limit: number): Stateless {
  checkLimit('clip', limit)
  return ofEach(u => clipTo(u, -limit, limit))
}
const checkLimit = (name: string, limit: number): void => checkNumber(name, 'the limit', limit, 'a number above 0', n => n > 0)

/** All together down to a norm of at most `limit`. Pascanu et al. 2012; PyTorch: `clip_grad_norm_` (which adds 1e-6 to the norm). */
export function clipByGlobalNorm(limit: number): Stateless {
  checkLimit('clipByGlobalNorm', limit)
  return {
    init: () => null,
    update: (updates, state) => {
      const scale = minimum(1, divide(limit, maximum(globalNorm(updates), limit)))
      return [tree.map(u => multiply(u, scale.astype(u.dtype)), updates), state]
    },
  }
}

/** Each tensor down to a root mean square of at most `limit`. optax: `clip_by_block_rms`. */
export function clipByBlockRms(limit: number): Stateless {
  checkLimit('clipByBlockRms', limit)
  return ofEach(u => keepFloat(u, divide(u, maximum(1, divide(rms(u), limit)))))
}
export const rms = (x: Tensor): Tensor => sqrt(mean(square(atLeastFloat32(x))))

/** The gradient of each unit down to `limit` times the norm of its parameters (at least `eps`, default 1e-3). Units: all axes but the last; vectors are one. Brock et al. 2021, https://arxiv.org/abs/2102.06171. */
export function adaptiveGradClip(limit: number, { eps = 1e-3 }: { readonly eps?: number } = {}): Stateless {
  checkLimit('adaptiveGradClip', limit)
  return ofEach((g, p) => {
    const size = unitNorm(g),
      largest = multiply(maximum(unitNorm(p), eps), limit)
    return keepFloat(g, where(less(size, largest), g, multiply(g, divide(largest, maximum(size, 1e-6)))))
  })
}
function unitNorm(x: Tensor): Tensor {
  // Shapes such as [1, n] are vectors.
  const axes = x.shape.filter(n => n !== 1).length <= 1 ? x.ndim : x.ndim - 1
  return broadcastTo(sqrt(sum(square(atLeastFloat32(x)), { axis: Array.from({ length: axes }, (_, i) => i), keepdims: true })), x.shape)
}

/** NaN becomes 0. */
export const zeroNans = (): Stateless => ofEach(u => where(isnan(u), 0, u))
/** Updates that would make parameters negative make them 0. Last in a chain. */
export const keepParamsNonnegative = (): Stateless => ofEach((u, p) => where(less(p.add(u), 0), negative(p), u))
/** `factor * updates`. */
export const scale = (factor: number): Stateless => ofEach(u => multiply(u, factor))
/** No updates. */
export const setToZero = (): Stateless => ofEach(u => zerosLike(u))
