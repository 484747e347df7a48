/** Functions whose number of results depends on values: with a size, as under jit. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import type { Tensor, TensorLike } from '../../tensor.ts'
import { jit } from '../../transforms/jit.ts'
import {
  type OpEntry,
  type Refusal,
  all,
  arbAxis,
  arbShapeOf,
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
const size = fc.constantFrom(0, 2, 3, 6)
const fill = fc.constantFrom(-1, 0, 7)
/** Elements that are zero, or not: of all dtypes. */
const sparse = (x: Tensor): Tensor => (x.dtype === 'bool' ? x : np.greater(x, 0))

/** Without a size under jit; and a size that is no count. */
const sized = (name: string, call: (x: Tensor, options: { readonly size?: number }) => unknown): readonly Refusal[] => [
  refusal('no size under jit', 'TracerError', [name, 'size: n'], () => jit((x: Tensor) => call(x, {}) as Tensor)(np.ones([3]))),
  refusal('a size that is no count', 'ValueError', [name, '-1'], () => call(np.ones([3]), { size: -1 })),
]

const places = {
  nonzero: {
    cases: shapedCases(fc.record({ shape: arbShapeOf(1), size, fillValue: fill }), (x, { size, fillValue }) =>
      np.nonzero(sparse(x), { size, fillValue }),
    ),
    accuracy: exact,
    differentiable: 'positions',
    refused: [
      notATensor('nonzero', () => np.nonzero(text)),
      refusal('a scalar', 'ShapeError', ['nonzero', '[]'], () => np.nonzero(1)),
      refusal('fill values for other axes', 'ShapeError', ['nonzero', '3', '[2, 3]'], () =>
        np.nonzero(m23(), { size: 1, fillValue: [1, 2, 3] }),
      ),
      ...sized('nonzero', np.nonzero),
    ],
  },
  flatnonzero: {
    cases: shapedCases(fc.record({ shape: arbShapeOf(0), size, fillValue: fill }), (x, { size, fillValue }) =>
      np.flatnonzero(sparse(x), { size, fillValue }),
    ),
    accuracy: exact,
    differentiable: 'positions',
    refused: [notATensor('flatnonzero', () => np.flatnonzero(text)), ...sized('flatnonzero', np.flatnonzero)],
  },
  argwhere: {
    cases: shapedCases(fc.record({ shape: arbShapeOf(0), size, fillValue: fill }), (x, { size, fillValue }) =>
      np.argwhere(sparse(x), { size, fillValue }),
    ),
    accuracy: exact,
    differentiable: 'positions',
    refused: [notATensor('argwhere', () => np.argwhere(text)), ...sized('argwhere', np.argwhere)],
  },
  compress: {
    cases: drawn(
      fc.record({ value: arbAxis(1, 3), less: fc.nat(1), flat: fc.boolean(), size, fillValue: fill, dtype }),
      ({ value: { shape, axis }, less, flat, size, fillValue, dtype }) => {
        const n = flat ? shape.reduce((a, b) => a * b, 1) : (shape.at(axis) as number)
        return {
          inputs: [input(shape, dtype), input([Math.max(0, n - less)], 'bool')],
          call: (x, c) => np.compress(c as Tensor, x as Tensor, { size, fillValue, ...(!flat && { axis }) }),
        }
      },
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('compress', () => np.compress(np.ones([1]), text)),
      refusal('more conditions than slices', 'ShapeError', ['compress', '[4]', '[2, 3]'], () =>
        np.compress(np.ones([4]), m23(), { axis: 1 }),
      ),
      ...sized('compress', (x, o) => np.compress(x, x, o)),
    ],
  },
  extract: {
    cases: drawn(fc.record({ shape: arbShapeOf(0), size, fillValue: fill, dtype }), ({ shape, size, fillValue, dtype }) => ({
      inputs: [input(shape, dtype), input(shape, 'bool')],
      call: (x, c) => np.extract(c as Tensor, x as Tensor, { size, fillValue }),
    })),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('extract', () => np.extract(np.ones([1]), text)),
      refusal('more conditions than elements', 'ShapeError', ['extract', '[7]', '[2, 3]'], () => np.extract(np.ones([7]), m23())),
      ...sized('extract', (x, o) => np.extract(x, x, o)),
    ],
  },
} satisfies Record<string, OpEntry>

/** Two vectors that share elements: of floats, the second one repeats every other element of the first. */
const arbTwo = fc.record({
  m: fc.constantFrom(1, 3, 6),
  n: fc.constantFrom(1, 3),
  size,
  flag: fc.boolean(),
  fillValue: fill,
  dtype,
})
const shared = (x: Tensor, y: Tensor): Tensor => np.concatenate([y, np.sliceAxis(x, 0, undefined, { stride: 2 })])

type Two = (
  x: Tensor,
  y: Tensor,
  options: { readonly size: number; readonly fillValue: number; readonly flag: boolean },
) => Tensor | readonly Tensor[]
const ofTwo = (name: string, f: Two, bare: (x: TensorLike, options: { readonly size?: number }) => unknown): OpEntry => ({
  cases: drawn(arbTwo, ({ m, n, size, flag, fillValue, dtype }) => ({
    inputs: [input([m], dtype), input([n], dtype)],
    call: (x, y) => f(x as Tensor, shared(x as Tensor, y as Tensor), { size, fillValue, flag }),
  })),
  accuracy: exact,
  differentiable: true,
  refused: [notATensor(name, () => bare(text, {})), ...sized(name, bare)],
})

const arbUnique = fc.record({
  shape: arbShapeOf(1, 2, 1),
  byAxis: fc.constantFrom(null, 0, -1),
  size: fc.nat(5),
  fillValue: fc.constantFrom(null, -1, 7),
  returnIndex: fc.boolean(),
  returnInverse: fc.boolean(),
  returnCounts: fc.boolean(),
})

export const sets = {
  ...places,
  unique: {
    cases: shapedCases(arbUnique, (x, { shape: _, byAxis, fillValue, ...options }) =>
      np.unique(x, {
        ...options,
        ...(byAxis !== null && { axis: byAxis }),
        ...(fillValue !== null && { fillValue }),
      } as np.UniqueReturning),
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('unique', () => np.unique(text)),
      refusal('an axis out of range', 'ShapeError', ['unique', 'axis 2'], () => np.unique(m23(), { axis: 2 })),
      refusal('no elements to fill a size', 'ShapeError', ['unique', '[0]', '2'], () => np.unique(np.zeros([0]), { size: 2 })),
      ...sized('unique', np.unique),
    ],
  },
  union1d: ofTwo(
    'union1d',
    (x, y, { size, fillValue, flag }) => np.union1d(x, y, { size, ...(flag && { fillValue }) }),
    (x, o) => np.union1d(x, 1, o),
  ),
  intersect1d: ofTwo(
    'intersect1d',
    (x, y, { size, fillValue, flag }) =>
      flag ? np.intersect1d(x, y, { size, fillValue, returnIndices: true }) : np.intersect1d(x, y, { size, fillValue }),
    (x, o) => np.intersect1d(x, 1, o),
  ),
  setdiff1d: ofTwo(
    'setdiff1d',
    (x, y, { size, fillValue, flag }) => np.setdiff1d(x, y, { size, fillValue, assumeUnique: flag }),
    (x, o) => np.setdiff1d(x, 1, o),
  ),
  isin: {
    cases: drawn(fc.record({ shape: arbShapeOf(1, 2), n: fc.nat(4), invert: fc.boolean(), dtype }), ({ shape, n, invert, dtype }) => ({
      inputs: [input(shape, dtype), input([n], dtype)],
      call: (x, y) => np.isin(x as Tensor, shared(np.ravel(x as Tensor), y as Tensor), { invert }),
    })),
    accuracy: exact,
    differentiable: 'boolean',
    special: x => np.isin(x as Tensor, np.array([0, 2, NaN, Infinity])),
    refused: [notATensor('isin', () => np.isin(text, 1))],
  },
  delete: {
    cases: drawn(
      fc.record({ value: arbAxis(1, 3, 1), flat: fc.boolean(), count: fc.integer({ min: 1, max: 3 }), known: fc.boolean(), size, dtype }),
      ({ value: { shape, axis }, flat, count, known, size, dtype }) => {
        const n = flat ? shape.reduce((a, b) => a * b, 1) : (shape.at(axis) as number)
        const options = flat ? {} : { axis }
        return {
          inputs: [input(shape, dtype), ...(known ? [] : [indices([count], n, true)])],
          call: (x, at) =>
            at === undefined
              ? np.delete(x as Tensor, [n - 1, -1, 0], options)
              : np.delete(x as Tensor, at, { ...options, size, fillValue: 7 }),
        }
      },
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('delete', () => np.delete(text, 0)),
      refusal('a position out of range', 'ValueError', ['delete', 'position 3', 'size 3'], () => np.delete(m23(), 3, { axis: 1 })),
      refusal('positions that are no integers', 'DTypeError', ['delete', 'float32'], () => np.delete(m23(), np.ones([1]))),
      refusal('a matrix of positions', 'ShapeError', ['delete', '[1, 1]'], () => np.delete(m23(), np.zeros([1, 1], { dtype: 'int32' }))),
      refusal('a mask that does not fit', 'ShapeError', ['delete', '[2]', 'size 3'], () =>
        np.delete(m23(), np.ones([2], { dtype: 'bool' }), { axis: 1 }),
      ),
      ...sized('delete', (x, o) => np.delete(np.ones([3]), np.astype(x, 'int32'), o)),
    ],
  },
  insert: {
    cases: drawn(
      fc.record({
        value: arbAxis(1, 3),
        flat: fc.boolean(),
        count: fc.integer({ min: 1, max: 3 }),
        form: fc.constantFrom('one', 'list', 'tensor'),
        dtype,
      }),
      ({ value: { shape, axis }, flat, count, form, dtype }) => {
        const n = flat ? shape.reduce((a, b) => a * b, 1) : (shape.at(axis) as number)
        const slices = flat ? [count] : shape.with((axis + shape.length) % shape.length, count)
        const options = flat ? {} : { axis }
        const known = Array.from({ length: count }, (_, i) => (i * 2) % (n + 1))
        // Beside one position the first axis of the values counts what is put in.
        const values = (v: Tensor): Tensor => (form === 'one' && !flat ? np.moveaxis(v, axis, 0) : v)
        return {
          inputs: [input(shape, dtype), input(slices, dtype), ...(form === 'tensor' ? [indices([count], n, true)] : [])],
          call: (x, v, at) => np.insert(x as Tensor, form === 'one' ? n : (at ?? known), values(v as Tensor), options),
        }
      },
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('insert', () => np.insert(text, 0, 1)),
      refusal('a position out of range', 'ValueError', ['insert', 'position 4', 'size 3'], () => np.insert(m23(), 4, 1, { axis: 1 })),
      refusal('positions that are no integers', 'DTypeError', ['insert', 'float32'], () => np.insert(m23(), np.ones([1]), 1)),
      refusal('values that do not fit', 'ShapeError', ['insert', '[4]', '[2, 2]'], () =>
        np.insert(m23(), [0, 1], np.ones([4]), { axis: 1 }),
      ),
    ],
  },
} satisfies Record<string, OpEntry>
