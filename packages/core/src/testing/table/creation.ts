/** Functions that make tensors by formula, and those on diagonals, triangles and grids. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import {
  type OpEntry,
  type Refusal,
  all,
  arbAxis,
  anyShape,
  arbShapeOf,
  constants,
  drawn,
  exact,
  input,
  notATensor,
  numbers,
  refusal,
  shapedCases,
  summed,
  text,
  ulps,
} from '../entry.ts'

const made = (calls: readonly (() => Tensor)[], refused: readonly Refusal[], accuracy: OpEntry['accuracy'] = exact): OpEntry => ({
  cases: constants(...calls),
  accuracy,
  differentiable: 'no inputs',
  refused,
})
const badShape = (name: string, call: (shape: readonly number[]) => unknown): Refusal =>
  refusal('a negative size', 'ShapeError', [name, '[2, -1]'], () => call([2, -1]))
const badDType = (name: string, call: (dtype: 'float32') => unknown): Refusal =>
  refusal('an unknown dtype', 'DTypeError', [name, 'complex64'], () => call('complex64' as never))

/** Matrices, or stacks of them, with a diagonal. */
const arbMatrix = (least: number, most: number): fc.Arbitrary<{ readonly shape: readonly number[]; readonly offset: number }> =>
  fc.record({ shape: arbShapeOf(least, most), offset: fc.integer({ min: -4, max: 4 }) })

const like = (name: string, f: (x: Tensor, options?: { readonly dtype?: 'int32' }) => Tensor): OpEntry => ({
  cases: shapedCases(fc.record({ shape: anyShape, typed: fc.boolean() }), (x, { typed }) => f(x, typed ? { dtype: 'int32' } : {})),
  accuracy: exact,
  differentiable: 'constant',
  refused: [notATensor(name, () => f(text)), badDType(name, dtype => f(np.ones([2]), { dtype: dtype as never }))],
})
const ofMatrix = (name: string, f: (x: Tensor, options: { readonly offset: number }) => Tensor, least = 2, most = 3): OpEntry => ({
  cases: shapedCases(arbMatrix(least, most), (x, { offset }) => f(x, { offset })),
  accuracy: exact,
  differentiable: true,
  refused: [
    notATensor(name, () => f(text, { offset: 0 })),
    refusal('a scalar', 'ShapeError', [name, '[]'], () => f(np.scalar(1), { offset: 0 })),
  ],
})

const diagonals = ofMatrix('diagonal', (x, o) => np.diagonal(x, x.ndim === 3 ? { ...o, axis1: -1, axis2: 0 } : o))

export const creation = {
  scalar: made(
    [() => np.scalar(3), () => np.scalar(true), () => np.scalar(2.5, { dtype: 'int32' })],
    [badDType('scalar', dtype => np.scalar(1, { dtype }))],
  ),
  full: {
    cases: drawn(fc.record({ shape: anyShape, dtype: fc.constantFrom(...all) }), ({ shape, dtype }) => ({
      inputs: [input([], dtype)],
      call: x => np.full(shape, x as Tensor),
    })),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('full', () => np.full([2], text)),
      badShape('full', shape => np.full(shape, 1)),
      badDType('full', dtype => np.full([2], 1, { dtype })),
    ],
  },
  zeros: made(
    [() => np.zeros([2, 3]), () => np.zeros([0], { dtype: 'int32' }), () => np.zeros([])],
    [badShape('zeros', shape => np.zeros(shape)), badDType('zeros', dtype => np.zeros([2], { dtype }))],
  ),
  ones: made(
    [() => np.ones([2, 3]), () => np.ones([4], { dtype: 'bool' }), () => np.ones([])],
    [badShape('ones', shape => np.ones(shape)), badDType('ones', dtype => np.ones([2], { dtype }))],
  ),
  zerosLike: like('zerosLike', np.zerosLike),
  onesLike: like('onesLike', np.onesLike),
  fullLike: like('fullLike', (x, options) => np.fullLike(x, 7, options)),
  iota: made(
    [() => np.iota([7]), () => np.iota([2, 3], { axis: 1 }), () => np.iota([3, 2], { dtype: 'float32' })],
    [
      badShape('iota', shape => np.iota(shape)),
      refusal('an axis out of range', 'ShapeError', ['iota', 'axis 1'], () => np.iota([3], { axis: 1 })),
      badDType('iota', dtype => np.iota([2], { dtype })),
    ],
  ),
  arange: made(
    [() => np.arange(5), () => np.arange(-3, 7, { step: 2 }), () => np.arange(0, 1, { step: 0.3 }), () => np.arange(5, 0, { step: -2 })],
    [
      refusal('no step', 'ValueError', ['arange', 'step 0'], () => np.arange(0, 3, { step: 0 })),
      refusal('no end', 'ValueError', ['arange', 'Infinity'], () => np.arange(Infinity)),
      badDType('arange', dtype => np.arange(0, 2, { dtype })),
    ],
    ulps(2, 'a product and a sum'),
  ),
  linspace: {
    cases: drawn(
      fc.record({ shape: arbShapeOf(0, 2), count: fc.integer({ min: 0, max: 6 }), endpoint: fc.boolean(), last: fc.boolean() }),
      ({ shape, count, endpoint, last }) => ({
        inputs: [input(shape, 'float32'), input(shape, 'float32', [2, 5])],
        call: (x, y) => np.linspace(x as Tensor, y as Tensor, { count, endpoint, ...(last && { axis: -1 }) }),
      }),
    ),
    accuracy: summed(),
    differentiable: true,
    refused: [
      notATensor('linspace', () => np.linspace(text, 1)),
      refusal('a negative count', 'ValueError', ['linspace', '-1'], () => np.linspace(0, 1, { count: -1 })),
      badDType('linspace', dtype => np.linspace(0, 1, { dtype })),
    ],
  },
  meshgrid: {
    cases: drawn(
      fc.record({
        sizes: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
        indexing: fc.constantFrom('xy' as const, 'ij' as const),
        sparse: fc.boolean(),
      }),
      ({ sizes, indexing, sparse }) => ({
        inputs: sizes.map(n => input([n], 'float32')),
        call: (...xs) => np.meshgrid(xs, { indexing, sparse }),
      }),
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('meshgrid', () => np.meshgrid([text])),
      refusal('a matrix', 'ShapeError', ['meshgrid', '[2, 3]'], () => np.meshgrid([np.ones([2, 3])])),
    ],
  },
  eye: made(
    [() => np.eye(3), () => np.eye(2, { columns: 4, offset: 1 }), () => np.eye(3, { offset: -1, dtype: 'int32' })],
    [refusal('a negative size', 'ShapeError', ['eye', '-1'], () => np.eye(-1)), badDType('eye', dtype => np.eye(2, { dtype }))],
  ),
  tri: made(
    [() => np.tri(3), () => np.tri(2, { columns: 4, offset: 1 }), () => np.tri(3, { offset: -1, dtype: 'int32' })],
    [refusal('a negative size', 'ShapeError', ['tri', '-1'], () => np.tri(-1)), badDType('tri', dtype => np.tri(2, { dtype }))],
  ),
  tril: ofMatrix('tril', np.tril),
  triu: ofMatrix('triu', np.triu),
  diagonal: {
    ...diagonals,
    refused: [
      ...diagonals.refused,
      refusal('one axis twice', 'ShapeError', ['diagonal', 'axis 1', '[2, 3]'], () => np.diagonal(np.ones([2, 3]), { axis1: 1 })),
    ],
  },
  diag: ofMatrix('diag', np.diag, 1, 2),
  trace: { ...ofMatrix('trace', np.trace), accuracy: summed() },
  diff: {
    cases: shapedCases(
      fc
        .record({ value: arbAxis(), n: fc.integer({ min: 0, max: 2 }), edges: fc.boolean() })
        .map(({ value, ...rest }) => ({ ...value, ...rest })),
      (x, { axis, n, edges }) => np.diff(x, { axis, n, ...(edges && { prepend: 1, append: x }) }),
      numbers,
    ),
    accuracy: summed(),
    differentiable: true,
    refused: [
      notATensor('diff', () => np.diff(text)),
      refusal('an axis out of range', 'ShapeError', ['diff', 'axis 1'], () => np.diff(np.ones([3]), { axis: 1 })),
      refusal('a negative n', 'ValueError', ['diff', '-1'], () => np.diff(np.ones([3]), { n: -1 })),
      refusal('edges that do not fit', 'ShapeError', ['[3]', '[1, 2]'], () => np.diff(np.ones([3]), { append: np.ones([1, 2]) })),
    ],
  },
} satisfies Record<string, OpEntry>
