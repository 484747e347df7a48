/** The sizes of a convolution from the axes of its contraction, if images lie as cuDNN wants them: dense, with channels last or second. */
import { type Affine, strideAt } from '@cotangent/core/kernel'
import type { ConvolutionShape, EmitContext, Pair } from '../command.ts'
import { type Axes, type Form, isForward, type Window } from './convolution-form.ts'

/** One direction of the window: how it moves, and the axes of the contraction for it. */
interface Side {
  readonly position: number | undefined
  readonly tap: number | undefined
  readonly positions: number
  readonly taps: number
  readonly pad: number
  readonly stride: number
  readonly dilation: number
  /** Of the image: undefined where the window never leaves it, and what is behind it is not read. */
  readonly size: number | undefined
  /** Elements from one pixel to the next. */
  readonly step: number
}

/** A window that does not move, over an image with one pixel in this direction. */
const still: Side = { position: undefined, tap: undefined, positions: 1, taps: 1, pad: 0, stride: 1, dilation: 1, size: 1, step: 0 }

/** Axes that count together through `size` places, `stride` apart. */
interface Run {
  readonly axes: readonly number[]
  readonly size: number
  readonly stride: number
}

interface Measured {
  readonly axes: Axes
  readonly forward: boolean
  readonly height: Side
  readonly width: Side
  readonly batch: Run
  /** Of a group. */
  readonly channels: Run
  readonly groups: Run
}

export function layoutOf(context: EmitContext, axes: Axes, windows: readonly Window[]): Form | undefined {
  const measured = measure(axes, windows)
  if (measured === undefined) return undefined
  return formFor(context, measured, true) ?? formFor(context, measured, false)
}

function measure(axes: Axes, windows: readonly Window[]): Measured | undefined {
  const { contraction, own, groups, reduced } = axes,
    forward = isForward(axes, windows)
  const sides = windows.map(w => sideOf(axes, w, forward))
  if (sides.includes(undefined)) return undefined
  const [height, width] = (sides as Side[]).toSorted((x, y) => y.step - x.step)
  const ownRest = own.filter(k => windows.every(w => w.own !== k)),
    reducedRest = reduced.filter(k => windows.every(w => w.reduced !== k))
  const run = (list: readonly number[]): Run | undefined => runOf(list, contraction.extents, contraction.a.map)
  const batch = run(forward ? ownRest : reducedRest),
    channels = run(forward ? reducedRest : ownRest),
    all = run(groups)
  if (height === undefined || batch === undefined || channels === undefined || all === undefined) return undefined
  return { axes, forward, height: width === undefined ? still : height, width: width ?? height, batch, channels, groups: all }
}

/** How the window moves along an own axis and a reduced one: the guard says, or else the steps through the image. */
function sideOf({ contraction: { a, extents } }: Axes, { own, reduced, guard }: Window, forward: boolean): Side | undefined {
  const [position, tap] = forward ? [own, reduced] : [reduced, own]
  const along = (map: Affine, k: number | undefined): number => (k === undefined ? 0 : strideAt(map, k)),
    extent = (k: number | undefined): number => (k === undefined ? 1 : (extents[k] as number))
  const moves = along(a.map, position),
    tapMoves = along(a.map, tap)
  const step =
    guard === undefined
      ? gcd(moves, tapMoves)
      : position === undefined
        ? tapMoves / along(guard.index, tap)
        : moves / along(guard.index, position)
  const stride = position === undefined ? 1 : moves / step,
    dilation = tap === undefined ? 1 : tapMoves / step
  const agrees =
    guard === undefined ||
    ((position === undefined || along(guard.index, position) === stride) && (tap === undefined || along(guard.index, tap) === dilation))
  if (!agrees || ![step, stride, dilation].every(n => Number.isInteger(n) && n > 0)) return undefined
  const pad = guard === undefined ? 0 : -guard.index.offset
  if (pad < 0) return undefined
  // Windows that share no pixel make a matrix product, where anything may be called a position or a tap.
  const overlap = extent(position) > dilation && extent(tap) > stride
  if (guard === undefined && position !== undefined && tap !== undefined && !overlap) return undefined
  return { position, tap, positions: extent(position), taps: extent(tap), pad, stride, dilation, size: guard?.extent, step }
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

function runOf(list: readonly number[], extents: readonly number[], map: Affine): Run | undefined {
  const axes = list.toSorted((x, y) => strideAt(map, y) - strideAt(map, x))
  let size = 1,
    stride = 0
  for (const k of axes.toReversed()) {
    if (size > 1 && strideAt(map, k) !== size * stride) return undefined
    if (size === 1) stride = strideAt(map, k)
    size *= extents[k] as number
  }
  return { axes, size, stride }
}

/** Strides of the four axes of a dense tensor. */
function denseStrides(
  channelsLast: boolean,
  channels: number,
  [height, width]: Pair,
): readonly [n: number, c: number, h: number, w: number] {
  const area = height * width
  return channelsLast ? [area * channels, 1, width * channels, channels] : [area * channels, area, width, 1]
}

function formFor(context: EmitContext, m: Measured, channelsLast: boolean): Form | undefined {
  const { axes, forward, height, width, batch, channels, groups } = m,
    { contraction } = axes
  if (groups.size > 1 && channels.size > 1 && groups.stride !== channels.size * channels.stride) return undefined
  const count = groups.size * channels.size,
    image = imageSize(m, channelsLast)
  if (image === undefined || !fits(height, image[0]) || !fits(width, image[1])) return undefined
  const [n, c, h, w] = denseStrides(channelsLast, count, image)
  const lies =
    (batch.size === 1 || batch.stride === n) &&
    (count === 1 || (channels.size > 1 ? channels : groups).stride === c) &&
    (height.step === h || height === still || image[0] === 1) &&
    (width.step === w || image[1] === 1)
  const imageOffset = contraction.a.map.offset + height.pad * height.step + width.pad * width.step
  if (!lies || imageOffset < 0 || imageOffset + batch.size * n > context.spec(contraction.a.buffer).size) return undefined
  const shape: ConvolutionShape = {
    direction: forward ? 'forward' : 'filter',
    channelsLast,
    batch: batch.size,
    channels: count,
    image,
    filters: groups.size * axes.filters.reduce((size, k) => size * (contraction.extents[k] as number), 1),
    kernel: [height.taps, width.taps],
    result: [height.positions, width.positions],
    pad: [height.pad, width.pad],
    stride: [height.stride, width.stride],
    dilation: [height.dilation, width.dilation],
    groups: groups.size,
    epilogue: 'none',
  }
  return { contraction, shape, imageOffset, ...stridesOf(m, shape) }
}

/** The image's height and width; where no guard tells, up to where the next row or image begins. */
function imageSize({ height, width, batch, channels, groups }: Measured, channelsLast: boolean): Pair | undefined {
  const most = channels.size * groups.size > 1 && !channelsLast ? (channels.size > 1 ? channels : groups).stride : batch.stride,
    outside = most > 0 ? most : undefined
  const sizeOf = (side: Side, next: number | undefined): number => {
    const least = (side.positions - 1) * side.stride + (side.taps - 1) * side.dilation + 1
    if (side.size !== undefined) return side.size
    return next === undefined || next % side.step !== 0 ? least : Math.max(least, next / side.step)
  }
  const columns = sizeOf(width, height === still ? outside : height.step)
  return [sizeOf(height, outside), columns]
}

/** Do the positions of the window end where cuDNN ends them? */
const fits = ({ positions, taps, pad, stride, dilation }: Side, size: number): boolean =>
  Math.floor((size + 2 * pad - dilation * (taps - 1) - 1) / stride) + 1 === positions

/** Where the axes of the contraction go in cuDNN's filter, result and bias. */
function stridesOf(m: Measured, shape: ConvolutionShape): Pick<Form, 'filterStrides' | 'outputStrides' | 'channelStrides'> {
  const { axes, height, width, batch, channels, groups, forward } = m,
    { contraction, filters } = axes
  const perGroup = shape.filters / groups.size,
    order = forward ? contraction.stores[0]?.map : contraction.b.map
  const sorted = order === undefined ? filters : filters.toSorted((x, y) => strideAt(order, y) - strideAt(order, x))
  const strides = (...places: readonly (readonly [axes: readonly number[], step: number])[]): readonly number[] => {
    const all = contraction.extents.map(() => 0)
    for (const [list, step] of places) {
      let at = step
      for (const k of list.toReversed()) {
        all[k] = at
        at *= contraction.extents[k] as number
      }
    }
    return all
  }
  const list = (k: number | undefined): readonly number[] => (k === undefined ? [] : [k])
  const [k, c, i, j] = denseStrides(shape.channelsLast, channels.size, shape.kernel),
    [n, o, y, x] = denseStrides(shape.channelsLast, shape.filters, shape.result)
  return {
    filterStrides: strides([groups.axes, perGroup * k], [sorted, k], [channels.axes, c], [list(height.tap), i], [list(width.tap), j]),
    outputStrides: strides(
      [batch.axes, n],
      [groups.axes, perGroup * o],
      [sorted, o],
      [list(height.position), y],
      [list(width.position), x],
    ),
    channelStrides: strides([groups.axes, perGroup], [sorted, 1]),
  }
}
