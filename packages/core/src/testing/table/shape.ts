/** Functions that move elements: shapes, axes, joining, splitting, repeating, padding. All are exact and linear. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import { broadcastShapes } from '../../shape.ts'
import type { Tensor } from '../../tensor.ts'
import type { Case } from '../case.ts'
import {
  type OpEntry,
  type Refusal,
  all,
  arbAxis,
  arbBroadcast,
  anyShape,
  arbShapeOf,
  drawn,
  exact,
  input,
  notATensor,
  refusal,
  shapedCases,
  summed,
  text,
} from '../entry.ts'

/** One input of any dtype, with drawn options. */
const moves = <T extends { readonly shape: readonly number[] }>(
  arbitrary: fc.Arbitrary<T>,
  f: (x: Tensor, drawn: T) => Tensor | readonly Tensor[],
  refused: readonly Refusal[],
): OpEntry => ({ cases: shapedCases(arbitrary, f), accuracy: exact, differentiable: true, refused })

const m23 = (): Tensor => np.ones([2, 3])
const badAxis = (name: string, call: (x: Tensor) => unknown): Refusal =>
  refusal('an axis out of range', 'ShapeError', [name, 'axis 2', '2 dimensions'], () => call(m23()))

const arbPermutation = anyShape.chain(shape =>
  fc
    .shuffledSubarray(
      shape.map((_, k) => k),
      { minLength: shape.length },
    )
    .map(axes => ({ shape, axes })),
)
const arbTwoAxes = fc
  .record({ value: arbAxis(2), other: fc.nat(9) })
  .map(({ value: { shape, axis }, other }) => ({ shape, a: axis, b: other % shape.length }))
const withOnes = fc.record({ shape: anyShape, places: fc.array(fc.nat(9), { minLength: 1, maxLength: 2 }) }).map(({ shape, places }) => {
  const sizes = [...shape]
  for (const p of places) sizes.splice(p % (sizes.length + 1), 0, 1)
  return { shape: sizes }
})
const just = anyShape.map(shape => ({ shape }))

/** Several tensors that differ along one axis. */
const joinCases = (
  f: (xs: readonly Tensor[], axis: number) => Tensor,
  arbitrary: fc.Arbitrary<{ readonly shape: readonly number[]; readonly axis: number }> = arbAxis(),
): fc.Arbitrary<Case> =>
  drawn(
    fc.record({
      value: arbitrary,
      sizes: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
      dtype: fc.constantFrom(...all),
    }),
    ({ value: { shape, axis }, sizes, dtype }) => ({
      inputs: sizes.map(n =>
        input(
          shape.map((m, k) => (k === (axis + shape.length) % shape.length ? n : m)),
          dtype,
        ),
      ),
      call: (...xs) => f(xs, axis),
    }),
  )
/** Several tensors of one shape. */
const stackCases = (f: (xs: readonly Tensor[], axis: number) => Tensor): fc.Arbitrary<Case> =>
  drawn(
    fc.record({ shape: anyShape, count: fc.integer({ min: 1, max: 3 }), pick: fc.nat(9), dtype: fc.constantFrom(...all) }),
    ({ shape, count, pick, dtype }) => ({
      inputs: Array.from({ length: count }, () => input(shape, dtype)),
      call: (...xs) => f(xs, (pick % (shape.length + 1)) - (pick > 4 ? shape.length + 1 : 0)),
    }),
  )
const joined = (cases: fc.Arbitrary<Case>, refused: readonly Refusal[]): OpEntry => ({
  cases,
  accuracy: exact,
  differentiable: true,
  refused,
})

const widths = fc.integer({ min: 0, max: 5 })
const padOptions = fc
  .record({
    shape: arbShapeOf(1),
    before: widths,
    after: widths,
    mode: fc.constantFrom('constant', 'edge', 'reflect', 'symmetric', 'wrap', 'linearRamp', 'maximum', 'minimum', 'mean'),
  })
  // The other modes have nothing to repeat.
  .filter(({ shape, mode }) => mode === 'constant' || !shape.includes(0))
const shift = fc.integer({ min: -7, max: 7 })
/** Positions that may be negative or outside. */
const position = fc.integer({ min: -6, max: 6 })

const layout = {
  reshape: moves(
    fc.record({ shape: anyShape, rows: fc.boolean() }),
    (x, { shape, rows }) => np.reshape(x, rows && x.size > 0 ? [shape[0] ?? 1, -1] : [1, x.size]),
    [
      notATensor('reshape', () => np.reshape(text, [1])),
      refusal('another number of elements', 'ShapeError', ['reshape', '[2, 3]', '[4, 2]'], () => np.reshape(m23(), [4, 2])),
      refusal('two unknown sizes', 'ShapeError', ['reshape', '-1'], () => np.reshape(m23(), [-1, -1])),
      refusal('no whole number of rows', 'ShapeError', ['reshape', '[4, -1]'], () => np.reshape(m23(), [4, -1])),
    ],
  ),
  ravel: moves(just, x => np.ravel(x), [notATensor('ravel', () => np.ravel(text))]),
  transpose: moves(arbPermutation, (x, { axes }) => np.transpose(x, axes), [
    notATensor('transpose', () => np.transpose(text)),
    badAxis('transpose', x => np.transpose(x, [0, 2])),
    refusal('an axis twice', 'ShapeError', ['transpose', '[0, 0]'], () => np.transpose(m23(), [0, 0])),
  ]),
  matrixTranspose: moves(
    arbShapeOf(2).map(shape => ({ shape })),
    x => np.matrixTranspose(x),
    [
      notATensor('matrixTranspose', () => np.matrixTranspose(text)),
      refusal('a vector', 'ShapeError', ['matrixTranspose', '[3]'], () => np.matrixTranspose(np.ones([3]))),
    ],
  ),
  swapaxes: moves(arbTwoAxes, (x, { a, b }) => np.swapaxes(x, a, b), [
    notATensor('swapaxes', () => np.swapaxes(text, 0, 1)),
    badAxis('swapaxes', x => np.swapaxes(x, 0, 2)),
  ]),
  moveaxis: moves(arbTwoAxes, (x, { a, b }) => np.moveaxis(x, a, b), [
    notATensor('moveaxis', () => np.moveaxis(text, 0, 1)),
    badAxis('moveaxis', x => np.moveaxis(x, 2, 0)),
    refusal('lists of different lengths', 'ShapeError', ['moveaxis', '[0, 1]', '[0]'], () => np.moveaxis(m23(), [0, 1], [0])),
  ]),
  expandDims: moves(fc.record({ shape: anyShape, pick: fc.nat(9) }), (x, { shape, pick }) => np.expandDims(x, pick % (shape.length + 1)), [
    notATensor('expandDims', () => np.expandDims(text, 0)),
    refusal('an axis out of range', 'ShapeError', ['expandDims', 'axis 4'], () => np.expandDims(m23(), 4)),
  ]),
  squeeze: moves(withOnes, x => np.squeeze(x), [
    notATensor('squeeze', () => np.squeeze(text)),
    refusal('an axis of another size', 'ShapeError', ['squeeze', 'axis 1', '[2, 3]'], () => np.squeeze(m23(), { axis: 1 })),
  ]),
  atleast1d: moves(just, x => np.atleast1d(x), [notATensor('atleast1d', () => np.atleast1d(text))]),
  atleast2d: moves(just, x => np.atleast2d(x), [notATensor('atleast2d', () => np.atleast2d(text))]),
  flip: moves(arbAxis(), (x, { axis }) => np.flip(x, { axis }), [
    notATensor('flip', () => np.flip(text)),
    badAxis('flip', x => np.flip(x, { axis: 2 })),
  ]),
  roll: moves(
    fc.record({ value: arbAxis(), by: shift, flat: fc.boolean() }).map(({ value, ...rest }) => ({ ...value, ...rest })),
    (x, { axis, by, flat }) => np.roll(x, by, flat ? {} : { axis }),
    [
      notATensor('roll', () => np.roll(text, 1)),
      badAxis('roll', x => np.roll(x, 1, { axis: 2 })),
      refusal('shifts without partner', 'ValueError', ['roll', '2 shifts', '1 axes'], () => np.roll(m23(), [1, 2], { axis: [0] })),
    ],
  ),
  rot90: moves(fc.record({ shape: arbShapeOf(2), times: fc.integer({ min: -4, max: 4 }) }), (x, { times }) => np.rot90(x, { times }), [
    notATensor('rot90', () => np.rot90(text)),
    badAxis('rot90', x => np.rot90(x, { axes: [0, 2] })),
    refusal('half a turn', 'ValueError', ['rot90', '0.5'], () => np.rot90(m23(), { times: 0.5 })),
  ]),
}

const joins = {
  broadcastTo: joined(
    drawn(fc.record({ shapes: arbBroadcast, dtype: fc.constantFrom(...all) }), ({ shapes: [a, b], dtype }) => {
      const target = broadcastShapes('broadcastTo', a, b)
      return { inputs: [input(a, dtype)], call: x => np.broadcastTo(x as Tensor, target) }
    }),
    [
      notATensor('broadcastTo', () => np.broadcastTo(text, [1])),
      refusal('a shape that does not fit', 'ShapeError', ['broadcastTo', '[2, 3]', '[2, 4]'], () => np.broadcastTo(m23(), [2, 4])),
    ],
  ),
  broadcastArrays: joined(
    drawn(arbBroadcast, ([a, b]) => ({
      inputs: [input(a, 'float32'), input(b, 'int32')],
      call: (x, y) => np.broadcastArrays(x as Tensor, y as Tensor),
    })),
    [
      notATensor('broadcastArrays', () => np.broadcastArrays(text)),
      refusal('shapes that do not fit', 'ShapeError', ['broadcastArrays', '[2, 3]', '[4]'], () => np.broadcastArrays(m23(), np.ones([4]))),
    ],
  ),
  concatenate: joined(
    joinCases((xs, axis) => np.concatenate(xs, { axis })),
    [
      notATensor('concatenate', () => np.concatenate([text])),
      badAxis('concatenate', x => np.concatenate([x, x], { axis: 2 })),
      refusal('other axes differ', 'ShapeError', ['concatenate', '[2, 3]', '[2, 4]'], () => np.concatenate([m23(), np.ones([2, 4])])),
      refusal('nothing', 'ValueError', ['concatenate', 'at least one'], () => np.concatenate([])),
    ],
  ),
  stack: joined(
    stackCases((xs, axis) => np.stack(xs, { axis })),
    [
      notATensor('stack', () => np.stack([text])),
      refusal('shapes differ', 'ShapeError', ['stack', '[2, 3]', '[2]'], () => np.stack([m23(), np.ones([2])])),
      refusal('nothing', 'ValueError', ['stack', 'at least one'], () => np.stack([])),
      refusal('an axis out of range', 'ShapeError', ['stack', 'axis 3'], () => np.stack([m23()], { axis: 3 })),
    ],
  ),
  unstack: moves(arbAxis(1, 3, 1), (x, { axis }) => np.unstack(x, { axis }), [
    notATensor('unstack', () => np.unstack(text)),
    badAxis('unstack', x => np.unstack(x, { axis: 2 })),
    refusal('a scalar', 'ShapeError', ['unstack', '[]'], () => np.unstack(1)),
  ]),
  hstack: joined(
    stackCases(xs => np.hstack(xs)),
    [
      notATensor('hstack', () => np.hstack([text])),
      refusal('rows differ', 'ShapeError', ['hstack', '[2, 3]', '[3, 3]'], () => np.hstack([m23(), np.ones([3, 3])])),
    ],
  ),
  vstack: joined(
    stackCases(xs => np.vstack(xs)),
    [
      notATensor('vstack', () => np.vstack([text])),
      refusal('columns differ', 'ShapeError', ['vstack', '[2, 3]', '[1, 4]'], () => np.vstack([m23(), np.ones([4])])),
    ],
  ),
  split: moves(
    fc
      .record({ value: arbAxis(), parts: fc.integer({ min: 1, max: 3 }) })
      .map(({ value: { shape, axis }, parts }) => ({ shape: shape.with((axis + shape.length) % shape.length, parts * 2), axis, parts })),
    (x, { axis, parts }) => np.split(x, parts, { axis }),
    [
      notATensor('split', () => np.split(text, 1)),
      badAxis('split', x => np.split(x, 1, { axis: 2 })),
      refusal('parts that do not divide the axis', 'ShapeError', ['split', '[2, 3]', '2 equal parts'], () =>
        np.split(m23(), 2, { axis: 1 }),
      ),
      refusal('no parts', 'ValueError', ['split', '0'], () => np.split(m23(), 0)),
    ],
  ),
  arraySplit: moves(
    fc.record({ value: arbAxis(), parts: fc.integer({ min: 1, max: 4 }) }).map(({ value, parts }) => ({ ...value, parts })),
    (x, { axis, parts }) => np.arraySplit(x, parts, { axis }),
    [
      notATensor('arraySplit', () => np.arraySplit(text, 1)),
      badAxis('arraySplit', x => np.arraySplit(x, 1, { axis: 2 })),
      refusal('no parts', 'ValueError', ['arraySplit', '0'], () => np.arraySplit(m23(), 0)),
    ],
  ),
}

const repeats = {
  tile: moves(
    fc.record({ shape: arbShapeOf(0, 2), times: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }) }),
    (x, { times }) => np.tile(x, times),
    [
      notATensor('tile', () => np.tile(text, 1)),
      refusal('a negative number of times', 'ValueError', ['tile', '-1'], () => np.tile(m23(), -1)),
    ],
  ),
  repeat: moves(
    fc
      .record({ value: arbAxis(), times: fc.integer({ min: 0, max: 3 }), flat: fc.boolean() })
      .map(({ value, ...rest }) => ({ ...value, ...rest })),
    (x, { shape, axis, times, flat }) =>
      flat
        ? np.repeat(x, times)
        : np.repeat(x, times % 2 === 0 ? times : Array.from({ length: shape.at(axis) as number }, (_, i) => (i + times) % 3), { axis }),
    [
      refusal('times for other elements', 'ShapeError', ['repeat', '2 numbers', '[2, 3]'], () => np.repeat(m23(), [1, 2], { axis: 1 })),
      notATensor('repeat', () => np.repeat(text, 1)),
      badAxis('repeat', x => np.repeat(x, 1, { axis: 2 })),
      refusal('a negative number of times', 'ValueError', ['repeat', '-1'], () => np.repeat(m23(), -1)),
    ],
  ),
  pad: {
    ...moves(padOptions, (x, { before, after, mode }) => np.pad(x, [before, after], { mode, value: 0.5 }), [
      notATensor('pad', () => np.pad(text, 1)),
      refusal('negative widths', 'ValueError', ['pad', '-1'], () => np.pad(m23(), -1)),
      refusal('pairs for other axes', 'ShapeError', ['pad', '3 pairs', '[2, 3]'], () =>
        np.pad(m23(), [
          [1, 1],
          [1, 1],
          [1, 1],
        ]),
      ),
      refusal('nothing to mirror', 'ShapeError', ['pad', 'reflect', '[0]'], () => np.pad(np.ones([0]), 1, { mode: 'reflect' })),
      refusal('an unknown mode', 'ValueError', ['pad', 'mirror'], () => np.pad(m23(), 1, { mode: 'mirror' as never })),
    ]),
    accuracy: summed(),
  },
  sliceAxis: moves(
    fc
      .record({ value: arbAxis(), start: position, end: fc.option(position, { nil: undefined }), stride: fc.integer({ min: 1, max: 3 }) })
      .map(({ value, ...rest }) => ({ ...value, ...rest })),
    (x, { axis, start, end, stride }) => np.sliceAxis(x, start, end, { axis, stride }),
    [
      notATensor('sliceAxis', () => np.sliceAxis(text, 0)),
      badAxis('sliceAxis', x => np.sliceAxis(x, 0, 1, { axis: 2 })),
      refusal('a stride of zero', 'ValueError', ['sliceAxis', '0'], () => np.sliceAxis(m23(), 0, 2, { stride: 0 })),
    ],
  ),
}

export const shapes = { ...layout, ...joins, ...repeats } satisfies Record<string, OpEntry>
