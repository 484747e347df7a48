/** Elements added around a tensor. */
import { isFloat } from '../dtype.ts'
import { described, fail } from '../errors.ts'
import { checkOneOf, checkOptions } from '../options.ts'
import { add, divide, multiply, subtract } from '../primitives/arithmetic.ts'
import { astype, promoteFloats, promoteOperands } from '../primitives/cast.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { iota } from '../primitives/iota.ts'
import { padWith } from '../primitives/pad.ts'
import { max, min } from '../primitives/reduce.ts'
import { flip } from '../primitives/reverse.ts'
import { floor, round } from '../primitives/rounding.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { type Shape, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { mean } from './reduction.ts'
import { repeat } from './repeat.ts'

type Mode = Pattern | Statistic | 'linearRamp'
type Pattern = 'edge' | 'reflect' | 'symmetric' | 'wrap'
type Statistic = 'maximum' | 'minimum' | 'mean'

export interface Pad {
  /**
   * `constant`: `value`; `edge`: the outermost element; `reflect`: mirrored at the outermost element; `symmetric`: mirrored behind it; `wrap`:
   * from the other end; `linearRamp`: evenly from the outermost element to `value`, which is the last one added; `maximum`, `minimum`, `mean`:
   * of the elements along the axis. Default `constant`.
   */
  readonly mode?: 'constant' | Mode
  /** For `constant` and `linearRamp`. Default 0. */
  readonly value?: TensorLike
}

/** Elements to add before and after each axis: one number for all sides, a pair for all axes, or a pair for each axis. */
export type PadWidth = number | readonly [before: number, after: number] | readonly (readonly [before: number, after: number])[]

/** x with elements added around it. NumPy: `pad`. */
export function pad(x: TensorLike, width: PadWidth, options: Pad = {}): Tensor {
  const { mode = 'constant', value = 0 } = checkOptions('pad', options, 'mode', 'value')
  const t = toTensor(x, 'pad')
  const widths = padWidths(width, t.shape)
  if (mode === 'constant') {
    const [typed, fill] = typeof value === 'number' ? promoteOperands('pad', t, value) : [t, value]
    return padWith(
      typed,
      fill,
      widths.map(([before, after]) => [before, after, 0]),
    )
  }
  checkOneOf('pad', 'mode', mode, modes)
  return widths.reduce((y, [before, after], axis) => padAxis(y, before, after, axis, mode, value), t)
}

function padWidths(width: PadWidth, shape: Shape): (readonly [number, number])[] {
  const given: readonly (readonly [number, number])[] = typeof width === 'number' ? [[width, width]] : isPair(width) ? [width] : width
  if (!isListOfLists(given)) fail('ValueError', `pad: widths are a number, a pair, or an array of pairs, got ${described(width)}.`)
  if (given.length !== 1 && given.length !== shape.length)
    fail('ShapeError', `pad: ${given.length} pairs of widths for the ${shape.length} axes of shape ${showShape(shape)}.`)
  return shape.map((_, k) => {
    const pair = (given.length === 1 ? given[0] : given[k]) as readonly [number, number]
    if (pair.some(n => !Number.isInteger(n) || n < 0))
      fail('ValueError', `pad: widths must be non-negative integers, got [${pair.join(', ')}]. Cut with sliceAxis.`)
    return pair
  })
}
const isListOfLists = (x: unknown): boolean => Array.isArray(x) && x.every(pair => Array.isArray(pair))
const isPair = (width: Exclude<PadWidth, number>): width is readonly [number, number] =>
  Array.isArray(width) && typeof width[0] === 'number'

const modes: readonly Mode[] = ['edge', 'reflect', 'symmetric', 'wrap', 'linearRamp', 'maximum', 'minimum', 'mean']
function padAxis(t: Tensor, before: number, after: number, axis: number, mode: Mode, value: TensorLike): Tensor {
  const n = t.shape[axis] as number
  if (before + after === 0) return t
  if (n === 0) fail('ShapeError', `pad: mode '${mode}' has no elements to repeat: axis ${axis} of shape ${showShape(t.shape)} is empty.`)
  const around = (front: Tensor, back: Tensor): Tensor => concatenate([front, t, back], { axis })
  switch (mode) {
    case 'maximum':
    case 'minimum':
    case 'mean': {
      const one = statistic(t, axis, mode)
      return around(repeat(one, before, { axis }), repeat(one, after, { axis }))
    }
    case 'linearRamp': {
      const edge = (k: number): Tensor => sliceAxis(t, k, k + 1, { axis })
      return around(ramp(edge(0), value, before, axis), flip(ramp(edge(n - 1), value, after, axis), { axis }))
    }
    default:
      return padPattern(t, before, after, axis, mode)
  }
}

function statistic(t: Tensor, axis: number, mode: Statistic): Tensor {
  const along = { axis, keepdims: true }
  if (mode !== 'mean') return mode === 'maximum' ? max(t, along) : min(t, along)
  return isFloat(t.dtype) ? mean(t, along) : astype(round(mean(t, along)), t.dtype)
}

/** `count` elements that go evenly from a value to just before an edge of size 1. NumPy rounds integers down. */
function ramp(edge: Tensor, value: TensorLike, count: number, axis: number): Tensor {
  const shape = edge.shape.map((_, k) => (k === axis ? count : 1))
  const [x, from] = promoteFloats('pad', edge, value)
  const share = divide(iota(shape, { axis, dtype: x.dtype }), count)
  const values = add(from, multiply(subtract(x, from), share))
  return astype(isFloat(edge.dtype) ? values : floor(values), edge.dtype)
}

function padPattern(t: Tensor, before: number, after: number, axis: number, mode: Pattern): Tensor {
  const n = t.shape[axis] as number
  const slice = (from: number, to: number): Tensor => sliceAxis(t, from, to, { axis })
  if (mode === 'edge' || n === 1)
    return concatenate([repeat(slice(0, 1), before, { axis }), t, repeat(slice(n - 1, n), after, { axis })], { axis })
  // The pattern of one period, which continues in both directions: t itself, or t and its mirror image.
  const mirror = mode === 'wrap' ? [] : [flip(mode === 'symmetric' ? t : slice(1, n - 1), { axis })]
  const period = concatenate([t, ...mirror], { axis }),
    p = period.shape[axis] as number
  const copies = Math.ceil(before / p)
  const total = copies + Math.ceil((n + after) / p)
  const row = total === 1 ? period : concatenate(new Array<Tensor>(total).fill(period), { axis })
  return sliceAxis(row, copies * p - before, copies * p + n + after, { axis })
}
