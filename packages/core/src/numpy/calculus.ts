/** Differences, slopes and integrals of sampled functions, and values between samples. */
import { checkOptions } from '../options.ts'
import { toTensor } from '../tensor.ts'
import { fail } from '../errors.ts'
import { abs, add, divide, maximum, minimum, multiply, remainder, subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd } from '../primitives/bitwise.ts'
import { promoteFloats, promoteOperands, toFloat } from '../primitives/cast.ts'
import { equal, greater, less } from '../primitives/comparison.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { cumsum } from '../primitives/cumulative.ts'
import { sum } from '../primitives/reduce.ts'
import { ravel, reshape } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { sortOperands } from '../primitives/sort.ts'
import { constantOf } from '../primitives/stopGradient.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { normalizeAxes, normalizeAxis, showShape } from '../shape.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { take } from './indexing.ts'
import { diff } from './math.ts'
import { countBefore } from './search.ts'

export interface Trapezoid {
  /** Positions of the samples: a vector along the axis, or of the shape of y. Default: `dx` apart. */
  readonly x?: TensorLike
  /** Distance of samples, without `x`. Default 1. */
  readonly dx?: TensorLike
  /** Default: the last axis. */
  readonly axis?: number
}

/** Integral along an axis by the trapezoidal rule: the axis is dropped. NumPy: `trapezoid`. */
export function trapezoid(y: TensorLike, options: Trapezoid = {}): Tensor {
  const { x, dx = 1, axis = -1 } = checkOptions('trapezoid', options, 'x', 'dx', 'axis')
  normalizeAxis('trapezoid', axis, toTensor(y, 'trapezoid').ndim)
  const [given, positions] = promoteFloats('trapezoid', y, x ?? dx)
  const k = normalizeAxis('trapezoid', axis, given.ndim),
    t = moveaxis(given, k, -1)
  if (x !== undefined && positions.ndim !== given.ndim && positions.ndim !== 1) misfit(given, positions)
  const line = x === undefined || positions.ndim === 1 ? positions : moveaxis(positions, k, -1)
  if (x !== undefined && line.shape.at(-1) !== t.shape.at(-1)) misfit(given, positions)
  const widths = x === undefined ? positions : diff(line)
  const heights = add(sliceAxis(t, 1, undefined, { axis: -1 }), sliceAxis(t, 0, -1, { axis: -1 }))
  return multiply(0.5, sum(multiply(widths, heights), { axis: -1 }))
}
const misfit = (y: Tensor, x: Tensor): never =>
  fail(
    'ShapeError',
    `trapezoid: positions x of shape ${showShape(x.shape)} fit neither the axis nor the whole of y of shape ${showShape(y.shape)}.`,
  )

export interface Ediff1d {
  /** What stands before the differences. */
  readonly toBegin?: TensorLike
  /** What stands behind the differences. */
  readonly toEnd?: TensorLike
}

/** Differences of neighbours in the flattened tensor, a vector, with other elements before and behind. NumPy: `ediff1d`. */
export function ediff1d(x: TensorLike, options: Ediff1d = {}): Tensor {
  const { toBegin, toEnd } = checkOptions('ediff1d', options, 'toBegin', 'toEnd')
  const parts = [toBegin, x, toEnd].filter(part => part !== undefined)
  const typed = promoteOperands('ediff1d', ...parts).map(part => ravel(part))
  return concatenate(typed.map((part, i) => (i === (toBegin === undefined ? 0 : 1) ? diff(part) : part)))
}

export interface Gradient<Axis> {
  /** Distance of samples, or a vector of their positions; a list has one for each axis. Default 1. */
  readonly spacing?: TensorLike | readonly TensorLike[]
  /** A number gives one tensor; a list, or nothing for all axes, gives a list with a tensor for each axis. */
  readonly axis?: Axis
}

/**
 * Slopes along axes, each in the shape of x: second-order central differences inside, one-sided differences at the ends. NumPy: `gradient` with
 * `edge_order=1`; there a list of one tensor is the tensor itself.
 *
 * @example gradient(y, { spacing: x, axis: 0 }) // dy/dx of samples at positions x
 */
export function gradient(x: TensorLike, options: Gradient<number> & { readonly axis: number }): Tensor
export function gradient(x: TensorLike, options?: Gradient<readonly number[]>): readonly Tensor[]
export function gradient(x: TensorLike, options: Gradient<number | readonly number[]> = {}): Tensor | readonly Tensor[] {
  const { spacing = 1, axis } = checkOptions('gradient', options, 'spacing', 'axis')
  normalizeAxes('gradient', axis, toTensor(x, 'gradient').ndim)
  const t = toFloat('gradient', x)
  const axes = axis === undefined ? normalizeAxes('gradient', axis, t.ndim) : [axis].flat().map(k => normalizeAxis('gradient', k, t.ndim))
  const isList = Array.isArray(spacing)
  if (isList && spacing.length !== axes.length)
    fail('ValueError', `gradient: ${spacing.length} spacings for ${axes.length} axes. They pair up by position; one number is for all.`)
  const slopes = axes.map((k, i) => slope(t, (isList ? spacing[i] : spacing) as TensorLike, k))
  return typeof axis === 'number' ? (slopes[0] as Tensor) : slopes
}

function slope(x: Tensor, spacing: TensorLike, axis: number): Tensor {
  const [t, h] = promoteFloats('gradient', x, spacing),
    n = t.shape[axis] as number
  if (n < 2) fail('ShapeError', `gradient: needs at least 2 samples along axis ${axis}, got shape ${showShape(t.shape)}.`)
  if (h.ndim > 1 || (h.ndim === 1 && h.size !== n))
    fail('ShapeError', `gradient: positions of shape ${showShape(h.shape)} do not fit axis ${axis} of shape ${showShape(t.shape)}.`)
  const slopes = divide(diff(t, { axis }), h.ndim === 0 ? h : alongAxis(diff(h), t.ndim, axis))
  const part = (s: Tensor, from: number, to?: number): Tensor => sliceAxis(s, from, to, { axis })
  if (n === 2) return concatenate([slopes, slopes], { axis })
  return concatenate([part(slopes, 0, 1), between(part(slopes, 0, -1), part(slopes, 1), h, t.ndim, axis), part(slopes, -1)], { axis })
}

/** The slope of the parabola through three points at the middle one: the mean of the slopes on both sides, the nearer one weighing more. */
function between(left: Tensor, right: Tensor, h: Tensor, ndim: number, axis: number): Tensor {
  if (h.ndim === 0) return multiply(0.5, add(left, right))
  const widths = diff(h),
    before = sliceAxis(widths, 0, -1),
    behind = sliceAxis(widths, 1)
  const share = alongAxis(divide(before, add(before, behind)), ndim, axis)
  return add(left, multiply(share, subtract(right, left)))
}

/** A vector in a shape of ones but for one axis. */
const alongAxis = (v: Tensor, ndim: number, axis: number): Tensor =>
  reshape(
    v,
    Array.from({ length: ndim }, (_, k) => (k === axis ? v.size : 1)),
  )

export interface Interp {
  /** Left of the first point. Default: its value; `extrapolate` continues the first line. */
  readonly left?: TensorLike | 'extrapolate'
  /** Right of the last point. Default: its value; `extrapolate` continues the last line. */
  readonly right?: TensorLike | 'extrapolate'
  /** The points repeat with this period; they need not be sorted then, and there is no left and right. */
  readonly period?: TensorLike
}

/**
 * Linear interpolation between points (xp, fp), vectors with ascending xp, at each element of x. The gradient goes to x, xp and fp. NumPy: `interp`.
 *
 * @example interp(0.5, array([0, 1]), array([10, 20])) // 15
 */
export function interp(x: TensorLike, xp: TensorLike, fp: TensorLike, options: Interp = {}): Tensor {
  const { left, right, period } = checkOptions('interp', options, 'left', 'right', 'period')
  const given = promoteFloats('interp', x, xp, fp, period ?? 0)
  const [, p, f] = given
  if (p.ndim !== 1 || f.ndim !== 1 || p.size !== f.size || p.size === 0)
    fail(
      'ShapeError',
      `interp: needs points as two vectors of one size of at least 1, got shapes ${showShape(p.shape)} and ${showShape(f.shape)}.`,
    )
  const [at, positions, values] = period === undefined ? given : periodic(...given)
  const lines = onLines(at, positions, values)
  if (period !== undefined) return lines
  const first = (v: Tensor): Tensor => reshape(sliceAxis(v, 0, 1), []),
    last = (v: Tensor): Tensor => reshape(sliceAxis(v, -1), [])
  const before = left === 'extrapolate' ? lines : where(less(at, first(p)), left ?? first(f), lines)
  return right === 'extrapolate' ? before : where(greater(at, last(p)), right ?? last(f), before)
}

/** On the line through the two points around each position, or the outermost two. */
function onLines(at: Tensor, positions: Tensor, values: Tensor): Tensor {
  const last = positions.size - 1
  const high = minimum(maximum(countBefore(positions, at, 'right'), 1), last),
    low = maximum(subtract(high, 1), 0)
  const pick = (v: Tensor, i: Tensor): Tensor => take(v, i, { mode: 'clip' })
  const origin = pick(positions, low),
    width = subtract(pick(positions, high), origin),
    start = pick(values, low)
  // Two points at one place have no line: the first counts.
  const isPoint = equal(width, 0)
  const share = divide(subtract(at, origin), where(isPoint, 1, width))
  return where(isPoint, start, add(start, multiply(share, subtract(pick(values, high), start))))
}

/** All in one period, sorted, with a neighbour at each end. */
function periodic(x: Tensor, xp: Tensor, fp: Tensor, period: Tensor): readonly [Tensor, Tensor, Tensor] {
  const length = abs(period)
  const [p, f] = sortOperands([remainder(xp, length), fp], 0) as readonly [Tensor, Tensor]
  const ends = (v: Tensor, shift: TensorLike): Tensor => concatenate([subtract(sliceAxis(v, -1), shift), v, add(sliceAxis(v, 0, 1), shift)])
  return [remainder(x, length), ends(p, length), ends(f, 0)]
}

export interface Unwrap {
  /** The least jump that is taken out. Default: half of the period, which is the least possible. */
  readonly discont?: number
  /** Default: the last axis. */
  readonly axis?: number
  /** Default 2 pi. */
  readonly period?: number
}

/** Phases with jumps between neighbours of more than half a period taken out, by adding multiples of the period. NumPy: `unwrap`. */
export function unwrap(x: TensorLike, options: Unwrap = {}): Tensor {
  const { period = 2 * Math.PI, discont = period / 2, axis = -1 } = checkOptions('unwrap', options, 'discont', 'axis', 'period')
  const t = toFloat('unwrap', x)
  const k = normalizeAxis('unwrap', axis, t.ndim)
  if (!(period > 0)) fail('ValueError', `unwrap: the period must be a positive number, got ${period}.`)
  const jumps = constantOf(diff(t, { axis: k })),
    half = period / 2
  const wrapped = subtract(remainder(add(jumps, half), period), half)
  // A jump of half a period upwards stays one upwards.
  const nearest = where(bitwiseAnd(equal(wrapped, -half), greater(jumps, 0)), half, wrapped)
  const correction = cumsum(where(less(abs(jumps), discont), 0, subtract(nearest, jumps)), { axis: k })
  return concatenate([sliceAxis(t, 0, 1, { axis: k }), add(sliceAxis(t, 1, undefined, { axis: k }), correction)], { axis: k })
}
