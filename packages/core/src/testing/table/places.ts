/** Positions as data, and choosing by them. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import {
  type OpEntry,
  type Refusal,
  all,
  anyShape,
  arbBroadcast,
  arbShapeOf,
  constants,
  drawn,
  exact,
  indices,
  input,
  notATensor,
  refusal,
  shapedCases,
  text,
} from '../entry.ts'

const m23 = (): Tensor => np.ones([2, 3])
const dtype = fc.constantFrom(...all)
const mode = fc.constantFrom('clip' as const, 'wrap' as const)
const moves = (cases: OpEntry['cases'], refused: readonly Refusal[]): OpEntry => ({ cases, accuracy: exact, differentiable: true, refused })
const positions = (cases: OpEntry['cases'], refused: readonly Refusal[]): OpEntry => ({
  cases,
  accuracy: exact,
  differentiable: 'positions',
  refused,
})
const floatIndices = (name: string, call: (i: Tensor) => unknown): Refusal =>
  refusal('positions that are no integers', 'DTypeError', [name, 'float32'], () => call(np.ones([2])))

type Triangle = (rows: number, options?: { readonly columns?: number; readonly offset?: number }) => readonly Tensor[]
const triangle = (name: string, f: Triangle): OpEntry =>
  positions(
    constants(
      () => f(3),
      () => f(2, { columns: 4, offset: 1 }),
      () => f(4, { columns: 2, offset: -1 }),
    ),
    [refusal('a negative size', 'ShapeError', [name, '-1'], () => f(-1))],
  )
const triangleOf = (name: string, f: (x: Tensor, options: { readonly offset?: number }) => readonly Tensor[]): OpEntry =>
  positions(
    shapedCases(fc.record({ shape: arbShapeOf(2, 2), offset: fc.integer({ min: -2, max: 2 }) }), (x, { offset }) => f(x, { offset })),
    [notATensor(name, () => f(text, {})), refusal('a vector', 'ShapeError', [name, '[3]'], () => f(np.ones([3]), {}))],
  )

export const places = {
  indices: positions(
    constants(
      () => np.indices([2, 3]),
      () => np.indices([3], { dtype: 'float32' }),
      () => np.indices([]),
    ),
    [
      refusal('a negative size', 'ShapeError', ['indices', '[2, -1]'], () => np.indices([2, -1])),
      refusal('an unknown dtype', 'DTypeError', ['indices', 'complex64'], () => np.indices([2], { dtype: 'complex64' as never })),
    ],
  ),
  ravelMultiIndex: positions(
    drawn(fc.record({ shape: arbShapeOf(1), at: anyShape, mode }), ({ shape, at, mode }) => ({
      inputs: shape.map(n => indices(at, n, true)),
      call: (...is) => np.ravelMultiIndex(is, shape, { mode }),
    })),
    [
      floatIndices('ravelMultiIndex', i => np.ravelMultiIndex([i], [3])),
      refusal('indices for other axes', 'ShapeError', ['ravelMultiIndex', '1 index', '[2, 3]'], () => np.ravelMultiIndex([0], [2, 3])),
      refusal('an unknown mode', 'ValueError', ['ravelMultiIndex', 'raise'], () =>
        np.ravelMultiIndex([0], [2], { mode: 'raise' as never }),
      ),
    ],
  ),
  unravelIndex: positions(
    drawn(fc.record({ shape: arbShapeOf(1), at: anyShape }), ({ shape, at }) => ({
      inputs: [
        indices(
          at,
          shape.reduce((a, b) => a * b),
          true,
        ),
      ],
      call: i => np.unravelIndex(i as Tensor, shape),
    })),
    [
      floatIndices('unravelIndex', i => np.unravelIndex(i, [3])),
      refusal('a negative size', 'ShapeError', ['unravelIndex', '[-1]'], () => np.unravelIndex(0, [-1])),
    ],
  ),
  diagIndices: positions(
    constants(
      () => np.diagIndices(3),
      () => np.diagIndices(2, { ndim: 3 }),
    ),
    [refusal('a negative size', 'ShapeError', ['diagIndices', '-1'], () => np.diagIndices(-1))],
  ),
  diagIndicesFrom: positions(
    shapedCases(fc.constantFrom({ shape: [3, 3] }, { shape: [2, 2, 2] }), x => np.diagIndicesFrom(x)),
    [
      notATensor('diagIndicesFrom', () => np.diagIndicesFrom(text)),
      refusal('axes of different sizes', 'ShapeError', ['diagIndicesFrom', '[2, 3]'], () => np.diagIndicesFrom(m23())),
    ],
  ),
  trilIndices: triangle('trilIndices', np.trilIndices),
  triuIndices: triangle('triuIndices', np.triuIndices),
  trilIndicesFrom: triangleOf('trilIndicesFrom', np.trilIndicesFrom),
  triuIndicesFrom: triangleOf('triuIndicesFrom', np.triuIndicesFrom),
  diagflat: moves(
    shapedCases(fc.record({ shape: arbShapeOf(0, 2), offset: fc.integer({ min: -2, max: 2 }) }), (x, { offset }) =>
      np.diagflat(x, { offset }),
    ),
    [notATensor('diagflat', () => np.diagflat(text))],
  ),
  fillDiagonal: moves(
    drawn(
      fc.record({
        shape: fc.constantFrom([2, 3], [3, 2], [7, 2], [3, 3], [2, 2, 2], [0, 2]),
        n: fc.constantFrom(1, 2, 5),
        wrap: fc.boolean(),
        dtype,
      }),
      ({ shape, n, wrap, dtype }) => ({
        inputs: [input(shape, dtype), input([n], dtype)],
        call: (x, v) => np.fillDiagonal(x as Tensor, v as Tensor, { wrap }),
      }),
    ),
    [
      notATensor('fillDiagonal', () => np.fillDiagonal(text, 1)),
      refusal('a vector', 'ShapeError', ['fillDiagonal', '[3]'], () => np.fillDiagonal(np.ones([3]), 1)),
      refusal('no values', 'ShapeError', ['fillDiagonal', '[0]'], () => np.fillDiagonal(m23(), np.zeros([0]))),
    ],
  ),
  put: moves(
    drawn(fc.record({ shape: arbShapeOf(1, 2, 1), at: arbShapeOf(0, 2), n: fc.constantFrom(1, 3, 20), mode, dtype }), d => ({
      inputs: [
        input(d.shape, d.dtype),
        input([d.n], d.dtype),
        indices(
          d.at,
          d.shape.reduce((a, b) => a * b),
          true,
        ),
      ],
      call: (x, v, i) => np.put(x as Tensor, i as Tensor, v as Tensor, { mode: d.mode }),
    })),
    [
      notATensor('put', () => np.put(text, 0, 1)),
      floatIndices('put', i => np.put(m23(), i, 1)),
      refusal('no values', 'ShapeError', ['put', '[0]'], () => np.put(m23(), 0, np.zeros([0]))),
      refusal('an unknown mode', 'ValueError', ['put', 'raise'], () => np.put(m23(), 0, 1, { mode: 'raise' as never })),
    ],
  ),
  choose: moves(
    drawn(fc.record({ shapes: arbBroadcast, n: fc.integer({ min: 1, max: 3 }), mode, dtype }), ({ shapes: [a, b], n, mode, dtype }) => ({
      inputs: [...Array.from({ length: n }, () => input(b, dtype)), indices(a, n, true)],
      call: (...xs) => np.choose(xs[n] as Tensor, xs.slice(0, n), { mode }),
    })),
    [
      notATensor('choose', () => np.choose(0, [text])),
      floatIndices('choose', i => np.choose(i, [1, 2])),
      refusal('no choices', 'ValueError', ['choose', 'at least one'], () => np.choose(0, [])),
      refusal('shapes that do not broadcast', 'ShapeError', ['choose', '[2]', '[3]'], () => np.choose(0, [np.ones([2]), np.ones([3])])),
    ],
  ),
  select: moves(
    drawn(fc.record({ shapes: arbBroadcast, n: fc.integer({ min: 1, max: 3 }), dtype }), ({ shapes: [a, b], n, dtype }) => ({
      inputs: [input(a, dtype), ...Array.from({ length: n }, () => input(b, dtype)), ...Array.from({ length: n }, () => input(a, 'bool'))],
      call: (otherwise, ...xs) => np.select(xs.slice(n), xs.slice(0, n), { otherwise: otherwise as Tensor }),
    })),
    [
      notATensor('select', () => np.select([true], [text])),
      refusal('other numbers', 'ValueError', ['select', '2 conditions', '1 choices'], () => np.select([true, false], [1])),
      refusal('nothing', 'ValueError', ['select', 'at least one'], () => np.select([], [])),
      refusal('shapes that do not broadcast', 'ShapeError', ['select', '[2]', '[3]'], () => np.select([np.ones([2])], [np.ones([3])])),
    ],
  ),
  piecewise: {
    runs: 6,
    ...moves(
      shapedCases(
        fc.record({ shape: anyShape, elsewhere: fc.boolean() }),
        (x, { elsewhere }) =>
          np.piecewise(x, [np.less(x, -1.03), np.greater(x, 1.07)], [y => np.square(y), 2, ...(elsewhere ? [np.sin] : [])]),
        ['float32'],
      ),
      [
        notATensor('piecewise', () => np.piecewise(text, [], [])),
        refusal('other numbers', 'ValueError', ['piecewise', '3 functions', '1 conditions'], () => np.piecewise(1, [true], [1, 2, 3])),
        refusal('shapes that do not broadcast', 'ShapeError', ['piecewise', '[2]', '[3]'], () =>
          np.piecewise(np.ones([2]), [np.ones([3])], [1]),
        ),
      ],
    ),
    accuracy: { ulp: 4, of: 'element', reason: 'that of the pieces' },
  },
} satisfies Record<string, OpEntry>
