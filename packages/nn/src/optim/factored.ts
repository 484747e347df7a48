/** Second moments in less memory than the parameters: Adafactor and SM3. */
import {
  type Tensor,
  add,
  divide,
  expandDims,
  greater,
  max,
  maximum,
  mean,
  minimum,
  multiply,
  power,
  sqrt,
  square,
  subtract,
  tree,
  where,
  zeros,
} from '@cotangent/core'
import { clipByBlockRms, rms } from './clip.ts'
import { mapPaths, pick } from './leaves.ts'
import { average, noUpdates, zerosOf } from './moments.ts'
import { type LearningRate, against } from './rate.ts'
import type { Fixed, GradientTransformation, StateOf } from './transformation.ts'

/** Means of squares over the columns and over the rows of a tensor's two largest axes, or of all of it. */
export type FactoredMoment = { readonly row: Tensor; readonly column: Tensor } | { readonly full: Tensor }
export interface AdafactorState {
  readonly count: Tensor
  /** By path. */
  readonly moments: Readonly<Record<string, FactoredMoment>>
}
export interface AdafactorOptions {
  /** Tensors whose two largest axes have at least this size are factored. Default 128. */
  readonly minDimSizeToFactor?: number
  /** The decay at step t is `1 - t^-decayRate`. Default 0.8. */
  readonly decayRate?: number
  /** Largest root mean square of an update. Default 1. */
  readonly clippingThreshold?: number
  /** Updates are relative to the root mean square of the parameters (at least 1e-3). Default true. */
  readonly multiplyByParameterScale?: boolean
  /** Added to squares. Default 1e-30. */
  readonly eps?: number
}

/** Adam without a first moment, its second one as an outer product. Shazeer and Stern 2018, https://arxiv.org/abs/1804.04235, as optax: without momentum and decay (chain them). */
export function adafactor(rate: LearningRate, options: AdafactorOptions = {}): GradientTransformation<Fixed<AdafactorState>> {
  const { minDimSizeToFactor = 128, decayRate = 0.8, clippingThreshold = 1, multiplyByParameterScale = true, eps = 1e-30 } = options
  const clipped = clipByBlockRms(clippingThreshold)
  return {
    init: params => ({
      count: noUpdates(),
      moments: Object.fromEntries(Object.entries(pick(params, () => true)).map(([path, p]) => [path, noMoment(p, minDimSizeToFactor)])),
    }),
    update: (grads, state, params) => {
      const decay = subtract(1, power(state.count.add(1).astype('float32'), -decayRate)),
        moments: Record<string, FactoredMoment> = {}
      const scaled = mapPaths(
        (path, g) => {
          const moment = nextMoment(state.moments[path] as FactoredMoment, square(g).add(eps), decay, axesOf(g, minDimSizeToFactor))
          moments[path] = moment
          return divided(g, moment, axesOf(g, minDimSizeToFactor))
        },
        grads,
        params,
      )
      const direction = tree.map(against(rate, state.count), clipped.update(scaled, null, params)[0])
      const sized = (u: Tensor, p: Tensor): Tensor => multiply(u, maximum(rms(p), 1e-3))
      return [multiplyByParameterScale ? tree.map(sized, direction, params) : direction, { count: state.count.add(1), moments }]
    },
  }
}

/** The second largest axis and the largest one, if a tensor is to be factored. */
function axesOf({ shape }: Tensor, least: number): readonly [column: number, row: number] | null {
  const [row = -1, column = -1] = shape.map((_, i) => i).sort((a, b) => (shape[b] as number) - (shape[a] as number) || b - a)
  return column < 0 || (shape[column] as number) < least ? null : [column, row]
}
function noMoment(p: Tensor, least: number): FactoredMoment {
  const axes = axesOf(p, least),
    without = (axis: number): Tensor =>
      zeros(
        p.shape.filter((_, i) => i !== axis),
        { dtype: p.dtype },
      )
  return axes === null ? { full: zeros(p.shape, { dtype: p.dtype }) } : { row: without(axes[1]), column: without(axes[0]) }
}
function nextMoment(m: FactoredMoment, squares: Tensor, decay: Tensor, axes: readonly [number, number] | null): FactoredMoment {
  const next = (old: Tensor, x: Tensor): Tensor => add(multiply(old, decay), multiply(x, subtract(1, decay))).astype(old.dtype)
  if ('full' in m || axes === null) return { full: next((m as { readonly full: Tensor }).full, squares) }
  return { row: next(m.row, mean(squares, { axis: axes[1] })), column: next(m.column, mean(squares, { axis: axes[0] })) }
}
function divided(g: Tensor, m: FactoredMoment, axes: readonly [number, number] | null): Tensor {
  if ('full' in m || axes === null) return divide(g, sqrt((m as { readonly full: Tensor }).full))
  const [column, row] = axes
  const share = divide(m.row, mean(m.row, { axis: column > row ? column - 1 : column, keepdims: true }))
  return divide(g, multiply(sqrt(expandDims(share, row)), sqrt(expandDims(m.column, column))))
}

export interface Sm3State<P> {
  readonly count: Tensor
  /** By path, for each axis the largest sums of squares along it. */
  readonly accumulators: Readonly<Record<string, readonly Tensor[]>>
  /** Decaying mean of the updates. */
  readonly mu: P
}
export interface Sm3 extends StateOf {
  readonly S: Sm3State<this['P']>
}
export interface Sm3Options {
  /** Momentum. Default 0.9. */
  readonly momentum?: number
  /** Default 1e-8. */
  readonly eps?: number
}
/** Adagrad whose sums are the least of one number for each row, column, ... Anil et al. 2019, https://arxiv.org/abs/1901.11150 (SM3-II). */
export function sm3(rate: LearningRate, { momentum = 0.9, eps = 1e-8 }: Sm3Options = {}): GradientTransformation<Sm3> {
  const start = (p: Tensor): readonly Tensor[] => p.shape.map(n => zeros([n], { dtype: p.dtype }))
  return {
    init: <P>(params: P) => ({
      count: noUpdates(),
      accumulators: Object.fromEntries(Object.entries(pick(params, () => true)).map(([path, p]) => [path, start(p)])),
      mu: zerosOf(params),
    }),
    update: <P>(grads: P, state: Sm3State<P>) => {
      const accumulators: Record<string, readonly Tensor[]> = {}
      const scaled = mapPaths(
        (path, g) => {
          const covers = (state.accumulators[path] as readonly Tensor[]).map((v, i) => along(v, i, g.ndim))
          const sums = covers.length === 0 ? square(g) : add(covers.reduce(minimum), square(g))
          accumulators[path] = covers.map((_, i) => max(sums, { axis: g.shape.flatMap((_n, k) => (k === i ? [] : [k])) }))
          const some = greater(sums, 0)
          return where(some, divide(g, sqrt(add(where(some, sums, 1), eps))), 0)
        },
        grads,
        grads,
      )
      const mu = average(momentum, state.mu, scaled)
      return [tree.map(against(rate, state.count), mu), { count: state.count.add(1), accumulators, mu }]
    },
  }
}
/** A vector along one axis of many. */
const along = (v: Tensor, axis: number, ndim: number): Tensor =>
  v.reshape(Array.from({ length: ndim }, (_, i) => (i === axis ? v.size : 1)))
