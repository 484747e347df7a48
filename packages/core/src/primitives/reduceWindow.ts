/**
 * Reductions over sliding windows: sum, max and min, and the positions of the extrema. Along axis k result o covers the positions
 * o stride - low + w dilation of x, w < window; what lies outside of x does not count.
 *
 * The gradient of a maximum goes to the first of equal elements, as JAX's select_and_scatter_add.
 */
import { type Aval, aval, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { nth } from '../lists.ts'
import { identityOf, instructions } from '../lower/instructions.ts'
import type { NodeId } from '../lower/kernel.ts'
import { type Body, type Index, indexAdd, indexConstant, indexScale, indexShift, type Lowering, type Value } from '../lower/lowering.ts'
import { unrollReductions } from '../lower/unroll.ts'
import { bind1 } from '../program/bind.ts'
import { sameShape, type Shape, showShape, stridesOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { floorDivide, fmod, multiply, subtract } from './arithmetic.ts'
import { broadcastTo } from './broadcast.ts'
import { equal } from './comparison.ts'
import { first, wrap } from './family.ts'
import { gatherP } from './gather.ts'
import { eachIndex, hostFrom, hostReader, isInside } from './host.ts'
import { iota } from './iota.ts'
import { type Batched, isUnknown, none, type SimplePrimitive } from './primitive.ts'
import { padWith } from './pad.ts'
import { sum } from './reduce.ts'
import { reshape } from './reshape.ts'
import { where } from './select.ts'
import { slice } from './slice.ts'
import { moveToFront } from './transpose.ts'

/** One entry an axis of x. */
export interface WindowParams {
  readonly window: readonly number[]
  readonly strides: readonly number[]
  readonly padding: readonly (readonly [low: number, high: number])[]
  readonly dilation: readonly number[]
}

const reach = (p: WindowParams, k: number): number => (nth(p.window, k) - 1) * nth(p.dilation, k) + 1

function resultShape(x: Aval, p: WindowParams): number[] {
  const { shape } = x
  if ([p.window, p.strides, p.padding, p.dilation].some(v => v.length !== shape.length))
    fail(
      'ShapeError',
      `reduceWindow: window, strides, padding and dilation need one entry for each of the ${shape.length} axes of shape ${showShape(shape)}.`,
    )
  if ([...p.window, ...p.strides, ...p.dilation].some(n => !Number.isInteger(n) || n < 1))
    fail(
      'ValueError',
      `reduceWindow: window [${p.window.join(', ')}], strides [${p.strides.join(', ')}] and dilation [${p.dilation.join(', ')}] must be positive integers.`,
    )
  return shape.map((n, k) => {
    const room = n + nth(p.padding, k)[0] + nth(p.padding, k)[1] - reach(p, k)
    return room < 0 ? 0 : Math.floor(room / nth(p.strides, k)) + 1
  })
}

const withBatch = (p: WindowParams): WindowParams => ({
  window: [1, ...p.window],
  strides: [1, ...p.strides],
  padding: [[0, 0], ...p.padding],
  dilation: [1, ...p.dilation],
})
const batchWindow = (
  primitive: SimplePrimitive<WindowParams>,
  tensors: readonly Tensor[],
  axes: readonly (number | null)[],
  params: WindowParams,
): Batched => ({ outputs: [bind1(primitive, [moveToFront(first(tensors), first(axes) as number)], withBatch(params))], axes: [0] })

/** Axes with a window; the others only stride. */
const windowed = (p: WindowParams): number[] => p.window.flatMap((n, k) => (n > 1 ? [k] : []))

interface Windows {
  readonly reduced: readonly number[]
  /** The positions in x at a point of the result and of the windowed axes. */
  readonly at: (output: readonly Index[], over: readonly Index[]) => Index[]
}

function windowsOf(p: WindowParams): Windows {
  const axes = windowed(p)
  return {
    reduced: axes.map(k => nth(p.window, k)),
    at: (output, over) =>
      output.map((o, k) => {
        const start = indexShift(indexScale(o, nth(p.strides, k)), -nth(p.padding, k)[0]),
          w = over[axes.indexOf(k)]
        return w === undefined ? start : indexAdd(start, indexScale(w, nth(p.dilation, k)))
      }),
  }
}

/** Visits the positions inside x that result `o` covers. */
function eachCovered(shape: Shape, p: WindowParams, o: readonly number[], visit: (position: readonly number[]) => void): void {
  eachIndex(p.window, w => {
    const position = w.map((i, k) => nth(o, k) * nth(p.strides, k) - nth(p.padding, k)[0] + i * nth(p.dilation, k))
    if (isInside(position, shape)) visit(position)
  })
}

function lowerWindow(l: Lowering, x: Value, op: 'sum' | 'max' | 'min' | 'argmax' | 'argmin', p: WindowParams, out: Aval): Value {
  const { reduced, at } = windowsOf(p),
    { shape, dtype } = x.aval
  const kind = op === 'argmax' ? 'max' : op === 'argmin' ? 'min' : op
  const read = (b: Body, output: readonly Index[], over: readonly Index[]): NodeId => {
    const index = at(output, over)
    return b.readGuarded(
      x,
      index,
      index.map((i, k) => ({ index: i, extent: nth(shape, k) })),
      identityOf(kind, dtype),
    )
  }
  if (op === kind)
    return reduced.length === 0
      ? l.elements(out, [x], (b, index) => read(b, index, []), { cost: 1 })
      : l.reduce(out, [x], op, reduced, read)
  const axes = windowed(p),
    strides = stridesOf(axes.map(k => nth(shape, k)))
  return l.reduce(out, [x], op, reduced, read, (b, output, over) => {
    const index = at(output, over)
    if (p.padding.every(([low, high]) => low <= 0 && high <= 0))
      return b.iota(
        axes.reduce((sum, k, i) => indexAdd(sum, indexScale(index[k] as Index, nth(strides, i))), indexConstant(0, b.axes)),
        'int32',
      )
    // Where all of a window is the identity itself, the padding may win: the nearest element stands for it.
    const int = (v: number): NodeId => b.constant(v, 'int32')
    const clamped = (k: number): NodeId =>
      b.apply('max', [b.apply('min', [b.iota(index[k] as Index, 'int32'), int(nth(shape, k) - 1)], 'int32'), int(0)], 'int32')
    return axes.map((k, i) => b.apply('mul', [clamped(k), int(nth(strides, i))], 'int32')).reduce((x, y) => b.apply('add', [x, y], 'int32'))
  })
}

// ---- sum, max, min ------------------------------------------------------------------------------------

function windowFold(
  name: string,
  op: 'sum' | 'max' | 'min',
  rules: (self: () => SimplePrimitive<WindowParams>) => Pick<SimplePrimitive<WindowParams>, 'jvp' | 'transpose'>,
): SimplePrimitive<WindowParams> {
  const instruction = op === 'sum' ? 'add' : op
  const self: SimplePrimitive<WindowParams> = {
    name,
    inputs: ['x'],
    abstractEval(avals, params) {
      const x = first(avals)
      if (x.dtype === 'bool') fail('DTypeError', `reduceWindow: needs numbers, got ${showAval(x)}. Convert with astype('int32').`)
      return [aval(resultShape(x, params), x.dtype, x.weak)]
    },
    ...rules(() => self),
    batch: (tensors, axes, _, params) => batchWindow(self, tensors, axes, params),
    lower: (l, values, params, outputs) => [lowerWindow(l, first(values), op, params, first(outputs))],
    evaluate(arrays, params, outputs) {
      const x = first(arrays),
        { dtype, shape } = x.aval,
        read = hostReader(x)
      return [
        hostFrom(first(outputs), o => {
          let result = identityOf(op, dtype)
          eachCovered(shape, params, o, position => {
            result = wrap(instructions[instruction].evaluate([result, read(position)], dtype, dtype), dtype)
          })
          return result
        }),
      ]
    },
  }
  return self
}

export const windowSumP: SimplePrimitive<WindowParams> = windowFold('reduceWindowSum', 'sum', self => ({
  jvp: (_, [t], __, params) => [t ? bind1(self(), [t], params) : null],
  transpose: ([ct], inputs, params) => {
    const x = first(inputs)
    return [ct && isUnknown(x) ? spread(ct, x.aval.shape, params) : null]
  },
}))

/** Do windows lie side by side, apart from a rest at the end? */
const tiles = (shape: Shape, p: WindowParams): boolean =>
  shape.every((_, k) => nth(p.padding, k).every(v => v === 0) && nth(p.dilation, k) === 1 && nth(p.window, k) === nth(p.strides, k))
/** The part of x that windows cover when they lie side by side. */
const covered = (shape: Shape, p: WindowParams): number[] => shape.map((n, k) => n - (n % nth(p.window, k)))

/** Each element of x gets the sum of `ct` over the windows that cover it. */
function spread(ct: Tensor, shape: Shape, p: WindowParams): Tensor {
  if (tiles(shape, p)) {
    const inner = covered(shape, p),
      repeated = repeatTiles(ct, inner, p)
    return sameShape(inner, shape)
      ? repeated
      : padWith(
          repeated,
          0,
          shape.map((n, k) => [0, n - nth(inner, k), 0]),
        )
  }
  // With the steps of the stride filled up, a window sum in which windows run backwards.
  const full = ct.shape.map((n, k) => (n === 0 ? 0 : (n - 1) * nth(p.strides, k) + 1))
  const config = shape.map((n, k) => {
    const low = reach(p, k) - 1 - nth(p.padding, k)[0]
    return [low, n + reach(p, k) - 1 - nth(full, k) - low, nth(p.strides, k) - 1] as const
  })
  const ones = shape.map(() => 1)
  return bind1(windowSumP, [padWith(ct, 0, config)], {
    window: p.window,
    strides: ones,
    padding: shape.map(() => [0, 0] as const),
    dilation: p.dilation,
  })
}

/** Windows that tile x: each element of the result repeated over its window. */
function repeatTiles(y: Tensor, shape: Shape, p: WindowParams): Tensor {
  const split = (sizes: readonly number[]): number[] => y.shape.flatMap((n, k) => [n, nth(sizes, k)])
  return reshape(broadcastTo(reshape(y, split(shape.map(() => 1))), split(p.window)), shape)
}

// ---- max and min ----------------------------------------------------------------------------------------

function windowExtremum(name: string, op: 'max' | 'min'): SimplePrimitive<WindowParams> {
  return windowFold(name, op, () => ({
    jvp: ([x], [t], _, params) => [t ? pick(t, x as Tensor, op === 'max' ? windowArgmaxP : windowArgminP, params) : null],
    transpose: none(`${name} is not linear`),
  }))
}
export const windowMaxP: SimplePrimitive<WindowParams> = windowExtremum('reduceWindowMax', 'max')
export const windowMinP: SimplePrimitive<WindowParams> = windowExtremum('reduceWindowMin', 'min')

/** The positions of the first extrema: int32, row-major over the axes that have windows. */
function windowPosition(name: string, op: 'argmax' | 'argmin'): SimplePrimitive<WindowParams> {
  const self: SimplePrimitive<WindowParams> = {
    name,
    inputs: ['x'],
    abstractEval: (avals, params) => [aval(resultShape(first(avals), params), 'int32')],
    jvp: none('positions are integers'),
    transpose: none('positions are integers'),
    batch: (tensors, axes, _, params) => batchWindow(self, tensors, axes, params),
    lower: (l, values, params, outputs) => [lowerWindow(l, first(values), op, params, first(outputs))],
    rewrite: unrollReductions,
    evaluate(arrays, params, outputs) {
      const x = first(arrays),
        { shape } = x.aval,
        read = hostReader(x),
        axes = windowed(params),
        strides = stridesOf(axes.map(k => nth(shape, k)))
      return [
        hostFrom(first(outputs), o => {
          let best: number | null = null,
            at = 0
          eachCovered(shape, params, o, position => {
            const v = read(position),
              better = best === null || (best === best && (v !== v || (op === 'argmax' ? v > best : v < best)))
            if (!better) return
            best = v
            at = axes.reduce((sum, k, i) => sum + nth(position, k) * nth(strides, i), 0)
          })
          return at
        }),
      ]
    },
  }
  return self
}
const windowArgmaxP: SimplePrimitive<WindowParams> = windowPosition('windowArgmax', 'argmax')
const windowArgminP: SimplePrimitive<WindowParams> = windowPosition('windowArgmin', 'argmin')

/** 0, 1, ... along axis k; size 1 along the others. */
const positionsAlong = (shape: Shape, k: number): Tensor =>
  iota(
    shape.map((n, axis) => (axis === k ? n : 1)),
    { axis: k },
  )

/**
 * `pick` for windows that tile x. Each element belongs to one window, so a mask does without indices, and its transpose without scatter. All is done
 * with each windowed axis split in tile and offset, where both x and the result are views.
 */
function pickTiled(t: Tensor, position: Tensor, shape: Shape, params: WindowParams): Tensor {
  const axes = windowed(params)
  const split = (sizes: readonly number[], offsets: readonly number[]): number[] =>
    sizes.flatMap((n, k) => (axes.includes(k) ? [n, nth(offsets, k)] : [n]))
  const inTiles = split(position.shape, params.window)
  const own = iota([axes.reduce((n, k) => n * nth(shape, k), 1)])
  const isPicked = equal(
    reshape(
      position,
      split(
        position.shape,
        shape.map(() => 1),
      ),
    ),
    reshape(
      own,
      inTiles.map((n, d) => (isOffsetOrTile(axes, d) ? n : 1)),
    ),
  )
  const offsetAxes = axes.map((k, i) => k + i + 1)
  return sum(where(isPicked, reshape(t, inTiles), 0), { axis: offsetAxes })
}

/** Is axis d of the split shape part of a windowed axis? */
const isOffsetOrTile = (axes: readonly number[], d: number): boolean => axes.some((k, i) => d === k + i || d === k + i + 1)

/** The elements of `t` where x has its window extrema. */
function pick(t: Tensor, x: Tensor, positionP: SimplePrimitive<WindowParams>, params: WindowParams): Tensor {
  const axes = windowed(params)
  if (axes.length === 0) return bind1(windowSumP, [t], params)
  if (tiles(x.shape, params)) {
    const inner = covered(x.shape, params),
      origin = inner.map(() => 0)
    return pickTiled(slice(t, origin, inner), bind1(positionP, [slice(x, origin, inner)], params), inner, params)
  }
  const position = bind1(positionP, [x], params),
    sizes = axes.map(k => nth(x.shape, k)),
    strides = stridesOf(sizes)
  const coordinate = (i: number): Tensor => fmod(floorDivide(position, nth(strides, i)), nth(sizes, i))
  const indices = axes.map((_, i) => coordinate(i))
  // Axes without windows only stride; they are at the result's own position when the stride is 1.
  const others = x.shape.flatMap((_, k) => (axes.includes(k) ? [] : [k]))
  const simple = others.filter(k => nth(params.strides, k) === 1 && nth(params.padding, k).every(v => v === 0)),
    strided = others.filter(k => !simple.includes(k))
  const along = strided.map(k => subtract(multiply(positionsAlong(position.shape, k), nth(params.strides, k)), nth(params.padding, k)[0]))
  return bind1(gatherP, [t, ...indices, ...along], {
    axes: [...axes, ...strided],
    paired: simple.map(k => [k, k] as const),
    mode: 'fill',
    negative: false,
    fillValue: 0,
  })
}
