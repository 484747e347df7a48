/**
 * Schedules: pure functions of the step, an int32 scalar that counts from 0. They go wherever a learning rate goes. optax' definitions and defaults; the names
 * of PyTorch's `lr_scheduler` are given. As functions they are fp-ts' Reader: `map` is its map.
 */
import {
  type Tensor,
  type TensorLike,
  add,
  clip,
  cos,
  exp,
  floor,
  less,
  maximum,
  minimum,
  multiply,
  power,
  subtract,
  where,
} from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import { checkNumber } from '../checks.ts'

export type Schedule = (step: TensorLike) => Tensor
const float = (step: TensorLike): Tensor => add(step, 0).astype('float32')
function needSteps(schedule: string, steps: number): void {
  if (!(steps > 0)) fail('ValueError', `schedules.${schedule}: needs a positive number of steps, got ${steps}.`)
}

/** Always the same. PyTorch: none. */
export const constant =
  (value: number): Schedule =>
  step =>
    multiply(float(step), 0).add(value)

export interface Begin {
  /** Steps before it begins to change. Default 0. */
  readonly begin?: number
}
/** `(from - to) (1 - t)^p + to` over `steps` steps, then `to`. PyTorch: `PolynomialLR`. With 0 steps always `from`. */
export function polynomial(from: number, to: number, exponent: number, steps: number, { begin = 0 }: Begin = {}): Schedule {
  if (steps <= 0) return constant(from)
  return step => {
    const left = subtract(1, clip(float(step).sub(begin), 0, steps).div(steps))
    return multiply(exponent === 1 ? left : power(left, exponent), from - to).add(to)
  }
}
/** From one value to another in equal steps. PyTorch: `LinearLR`. */
export const linear = (from: number, to: number, steps: number, options: Begin = {}): Schedule => polynomial(from, to, 1, steps, options)

export interface ExponentialOptions extends Begin {
  /** In stairs of `steps` steps. Default false. */
  readonly staircase?: boolean
  /** It stops here. */
  readonly end?: number
}
/** `from * rate^(step / steps)`. PyTorch: `ExponentialLR` (steps 1), `StepLR` (staircase). */
export function exponentialDecay(from: number, steps: number, rate: number, options: ExponentialOptions = {}): Schedule {
  const { begin = 0, staircase = false, end } = options
  if (steps <= 0 || rate === 0) return constant(from)
  if (rate < 0) fail('ValueError', `schedules.exponentialDecay: the rate must be positive, got ${rate}.`)
  return step => {
    const since = maximum(float(step).sub(begin), 0),
      stairs = since.div(steps)
    const value = multiply(exp(multiply(staircase ? floor(stairs) : stairs, Math.log(rate))), from)
    return end === undefined ? value : rate < 1 ? maximum(value, end) : minimum(value, end)
  }
}

type Scales = Readonly<Record<number, number>>
const sorted = (scales: Scales): readonly (readonly [boundary: number, scale: number])[] =>
  Object.entries(scales)
    .map(([boundary, scale]) => [Number(boundary), scale] as const)
    .sort(([a], [b]) => a - b)

/** Multiplied by a factor from each boundary on: `{ 100: 0.1, 200: 0.1 }`. PyTorch: `MultiStepLR`. */
export function piecewiseConstant(from: number, scales: Scales): Schedule {
  return step =>
    sorted(scales).reduce((value, [boundary, scale]) => where(less(step, boundary), value, multiply(value, scale)), constant(from)(step))
}

/** Between values at boundaries, each a multiple of the one before; then the last. In lines, or in half waves of a cosine. */
export function piecewiseInterpolate(shape: 'linear' | 'cosine', from: number, scales: Scales): Schedule {
  return interpolate(shape, from, sorted(scales))
}
function interpolate(shape: 'linear' | 'cosine', from: number, points: readonly (readonly [boundary: number, scale: number])[]): Schedule {
  return step => {
    const t = float(step)
    let value = constant(from)(step),
      [begin, low] = [0, from]
    for (const [end, scale] of points) {
      const high = low * scale,
        part = clip(t.sub(begin).div(Math.max(end - begin, 1e-9)), 0, 1)
      const way = shape === 'linear' ? part : multiply(subtract(1, cos(multiply(part, Math.PI))), 0.5)
      value = where(less(t, begin), value, multiply(way, high - low).add(low))
      ;[begin, low] = [end, high]
    }
    return value
  }
}

export interface CosineOptions {
  /** The end, as a share of the beginning. Default 0. */
  readonly alpha?: number
  /** Default 1. */
  readonly exponent?: number
}
/** Half a wave of a cosine from `from` to `alpha * from` over `steps` steps. Loshchilov and Hutter 2017. PyTorch: `CosineAnnealingLR`. */
export function cosineDecay(from: number, steps: number, { alpha = 0, exponent = 1 }: CosineOptions = {}): Schedule {
  needSteps('cosineDecay', steps)
  return step => {
    const wave = multiply(add(cos(multiply(minimum(float(step), steps), Math.PI / steps)), 1), 0.5)
    return multiply(exponent === 1 ? wave : power(wave, exponent), from * (1 - alpha)).add(from * alpha)
  }
}

export interface WarmupCosine {
  /** Default 0. */
  readonly from?: number
  readonly peak: number
  readonly warmupSteps: number
  /** Steps in all, with those of the warm-up. */
  readonly steps: number
  /** Default 0. */
  readonly end?: number
  /** Default 1. */
  readonly exponent?: number
}
/** A line up to the peak, then `cosineDecay`. */
export function warmupCosine({ from = 0, peak, warmupSteps, steps, end = 0, exponent = 1 }: WarmupCosine): Schedule {
  needSteps('warmupCosine', steps - warmupSteps)
  const alpha = peak === 0 ? 0 : end / peak
  return join([linear(from, peak, warmupSteps), cosineDecay(peak, steps - warmupSteps, { alpha, exponent })], [warmupSteps])
}

export interface WarmupExponential extends ExponentialOptions {
  /** Default 0. */
  readonly from?: number
  readonly peak: number
  readonly warmupSteps: number
  /** As `exponentialDecay` after the warm-up. */
  readonly steps: number
  readonly rate: number
}
/** A line up to the peak, then `exponentialDecay`. */
export function warmupExponential({ from = 0, peak, warmupSteps, steps, rate, ...options }: WarmupExponential): Schedule {
  return join([linear(from, peak, warmupSteps), exponentialDecay(peak, steps, rate, options)], [warmupSteps])
}

export interface OneCycleOptions {
  /** Where the peak is. Default 0.3. */
  readonly peakAt?: number
  /** The beginning is `peak / divisor`. Default 25. */
  readonly divisor?: number
  /** The end is the beginning divided by this. Default 1e4. */
  readonly finalDivisor?: number
}
/**
 * Up to the peak and down to nearly nothing in half waves of a cosine. Smith and Topin 2019. optax: `cosine_onecycle_schedule`; PyTorch's `OneCycleLR` of n
 * steps has its peak at `pct_start n - 1` and its end at n - 1: `oneCycle(n - 1, peak, { peakAt: (pct_start n - 1) / (n - 1) })`.
 */
export function oneCycle(steps: number, peak: number, options: OneCycleOptions = {}): Schedule {
  needSteps('oneCycle', steps)
  const { peakAt = 0.3, divisor = 25, finalDivisor = 1e4 } = options
  checkNumber('schedules.oneCycle', 'peakAt', peakAt, 'in [0, 1]', n => n >= 0 && n <= 1)
  return interpolate('cosine', peak / divisor, [
    [peakAt * steps, divisor],
    [steps, 1 / (divisor * finalDivisor)],
  ])
}

/** Cosines with warm restarts, one after the other. Loshchilov and Hutter 2017 (SGDR). PyTorch: `CosineAnnealingWarmRestarts`. */
export function sgdr(cycles: readonly WarmupCosine[]): Schedule {
  const ends = cycles.map((_, i) => cycles.slice(0, i + 1).reduce((total, c) => total + c.steps, 0))
  return join(cycles.map(warmupCosine), ends.slice(0, -1))
}

/** One schedule up to each boundary, then the next, whose steps count from there. PyTorch: `SequentialLR`. */
export function join(schedules: readonly Schedule[], boundaries: readonly number[]): Schedule {
  if (schedules.length !== boundaries.length + 1)
    fail('ValueError', `schedules.join: ${schedules.length} schedules need ${schedules.length - 1} boundaries, got ${boundaries.length}.`)
  if (boundaries.some((b, i) => !(b >= (boundaries[i - 1] ?? 0))))
    fail('ValueError', `schedules.join: boundaries must rise, got ${boundaries.join(', ')}.`)
  return step =>
    boundaries.reduce(
      (value, boundary, i) => where(less(step, boundary), value, (schedules[i + 1] as Schedule)(subtract(step, boundary))),
      (schedules[0] as Schedule)(step),
    )
}

/** The values of a schedule, changed. */
export const map =
  (f: (value: Tensor) => Tensor) =>
  (schedule: Schedule): Schedule =>
  step =>
    f(schedule(step))
