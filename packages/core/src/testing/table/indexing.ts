/** Elements and slices at computed positions. */
import fc from 'fast-check'
import type { DType } from '../../dtype.ts'
import {
  dynamicIndexInDim,
  dynamicSlice,
  dynamicSliceInDim,
  dynamicUpdateIndexInDim,
  dynamicUpdateSlice,
  dynamicUpdateSliceInDim,
  gather,
  scatter,
  scatterAdd,
  scatterMax,
  scatterMin,
  scatterMul,
  slice,
  sliceInDim,
  type ScatterOptions,
} from '../../lax/index.ts'
import * as np from '../../numpy/index.ts'
import type { Tensor, TensorLike } from '../../tensor.ts'
import type { Case, InputSpec } from '../case.ts'
import type { Accuracy } from '../compare.ts'
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
  numbers,
  refusal,
  shapedCases,
  summed,
  text,
} from '../entry.ts'

const anyDType = fc.constantFrom(...all)
/** What out of bounds gives: a number, since NaN has no derivative. */
const outside = fc.constantFrom({ mode: 'clip' } as const, { mode: 'fill', fillValue: 0 } as const)
const sizeAt = (shape: readonly number[], axis: number): number => shape.at(axis) as number
const replaced = (shape: readonly number[], axis: number, n: number): number[] => shape.with((axis + shape.length) % shape.length, n)

const m23 = (): Tensor => np.ones([2, 3]),
  zero = (): Tensor => np.scalar(0, { dtype: 'int32' })
const floatIndices = (name: string, call: (i: Tensor) => unknown): Refusal =>
  refusal('indices that are no integers', 'DTypeError', [name, 'float32'], () => call(np.ones([2])))

const along = {
  take: {
    cases: drawn(
      fc.record({ value: arbAxis(1, 3, 1), at: arbShapeOf(0, 2), options: outside, flat: fc.boolean(), dtype: anyDType }),
      ({ value: { shape, axis }, at, options, flat, dtype }) => ({
        inputs: [input(shape, dtype), indices(at, flat ? shape.reduce((a, b) => a * b) : sizeAt(shape, axis), true)],
        call: (x, i) => np.take(x as Tensor, i as Tensor, { ...options, ...(!flat && { axis }) }),
      }),
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('take', () => np.take(text, 0)),
      floatIndices('take', i => np.take(m23(), i)),
      refusal('an axis out of range', 'ShapeError', ['take', 'axis 2'], () => np.take(m23(), 0, { axis: 2 })),
    ],
  },
  takeAlongAxis: {
    cases: drawn(
      fc.record({ value: arbAxis(1, 3, 1), count: fc.integer({ min: 1, max: 4 }), options: outside, dtype: anyDType }),
      ({ value: { shape, axis }, count, options, dtype }) => ({
        inputs: [input(shape, dtype), indices(replaced(shape, axis, count), sizeAt(shape, axis), true)],
        call: (x, i) => np.takeAlongAxis(x as Tensor, i as Tensor, axis, options),
      }),
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('takeAlongAxis', () => np.takeAlongAxis(text, zero(), 0)),
      floatIndices('takeAlongAxis', i => np.takeAlongAxis(m23(), i, 0)),
      refusal('indices with other axes', 'ShapeError', ['takeAlongAxis', '[2, 3]', '[4]'], () =>
        np.takeAlongAxis(m23(), np.zeros([4], { dtype: 'int32' }), 0),
      ),
      refusal('an axis out of range', 'ShapeError', ['takeAlongAxis', 'axis 2'], () => np.takeAlongAxis(m23(), zero(), 2)),
    ],
  },
  putAlongAxis: {
    cases: drawn(
      fc.record({ value: arbAxis(), count: fc.integer({ min: 1, max: 4 }), dtype: anyDType }),
      ({ value: { shape, axis }, count, dtype }) => ({
        inputs: [
          input(shape, dtype),
          indices(replaced(shape, axis, count), sizeAt(shape, axis), true),
          input(replaced(shape, axis, count), dtype),
        ],
        call: (x, i, v) => np.putAlongAxis(x as Tensor, i as Tensor, v as Tensor, axis),
      }),
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('putAlongAxis', () => np.putAlongAxis(text, zero(), 1, 0)),
      floatIndices('putAlongAxis', i => np.putAlongAxis(m23(), i, 1, 0)),
      refusal('indices with other axes', 'ShapeError', ['putAlongAxis', '[2, 3]', '[4]'], () =>
        np.putAlongAxis(m23(), np.zeros([4], { dtype: 'int32' }), 1, 0),
      ),
    ],
  },
} satisfies Record<string, OpEntry>

/** x, index tensors for one or two of its axes, and the shape that they read: [...indices, ...other axes]. */
const arbIndexed = fc
  .record({ shape: arbShapeOf(1, 3, 1), at: arbShapeOf(0, 2), count: fc.integer({ min: 1, max: 2 }), first: fc.nat(2) })
  .map(({ shape, at, count, first }) => {
    const axes = shape
      .map((_, k) => k)
      .slice(0, Math.min(count, shape.length))
      .map(k => (k + first) % shape.length)
    return { shape, at, axes, read: [...at, ...shape.filter((_, k) => !axes.includes(k))] }
  })
const indexInputs = (shape: readonly number[], at: readonly number[], axes: readonly number[]): InputSpec[] =>
  axes.map(k => indices(at, shape[k] as number, true))

type Scatter = (x: TensorLike, indices: readonly TensorLike[], updates: TensorLike, options?: ScatterOptions) => Tensor
const scattering = (name: string, f: Scatter, accuracy: Accuracy, dtypes = numbers): OpEntry => ({
  cases: drawn(
    fc.record({ value: arbIndexed, mode: fc.constantFrom('clip' as const, 'fill' as const), dtype: fc.constantFrom(...dtypes) }),
    ({ value: { shape, at, axes, read }, mode, dtype }): Omit<Case, 'seed'> => ({
      inputs: [input(shape, dtype), input(read, dtype, [0.5, 2]), ...indexInputs(shape, at, axes)],
      call: (x, u, ...at) => f(x as Tensor, at, u as Tensor, { axes, mode }),
    }),
  ),
  accuracy,
  differentiable: true,
  refused: [
    notATensor(name, () => f(text, [zero()], 1)),
    floatIndices(name, i => f(m23(), [i], 1)),
    refusal('updates of another shape', 'ShapeError', ['[4]', '[3]'], () => f(m23(), [zero()], np.ones([4]))),
    refusal('more indices than axes', 'ShapeError', [name, '3 index tensors'], () => f(m23(), [zero(), zero(), zero()], 1)),
    refusal('an axis out of range', 'ShapeError', [name, 'axis 2'], () => f(m23(), [zero()], 1, { axes: [2] })),
  ],
})

/** x, integer scalars that start before, in or behind it, and sizes of a box. */
const arbBox = fc
  .record({ shape: arbShapeOf(1), less: fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }), dtype: anyDType })
  .map(({ shape, less, dtype }) => ({ shape, sizes: shape.map((n, k) => Math.min(n, Math.max(1, n - (less[k] as number)))), dtype }))
const startInputs = (shape: readonly number[]): InputSpec[] => shape.map(n => indices([], n, true))
const alongAxis = (shape: readonly number[], axis: number, n: number): number[] =>
  shape.map((m, k) => (k === (axis + shape.length) % shape.length ? n : m))
const arbSliceOf = (
  least: 0 | 1,
): fc.Arbitrary<{ readonly shape: readonly number[]; readonly axis: number; readonly n: number; readonly dtype: DType }> =>
  fc.record({ value: arbAxis(1, 3, least), dtype: anyDType }).map(({ value: { shape, axis }, dtype }) => ({
    shape,
    axis,
    n: Math.min(sizeAt(shape, axis), Math.max(1, sizeAt(shape, axis) - 1)),
    dtype,
  }))
const arbSlice = arbSliceOf(0),
  arbIndex = arbSliceOf(1)
const badAxis = (name: string, call: (x: Tensor) => unknown): Refusal =>
  refusal('an axis out of range', 'ShapeError', [name, 'axis 2'], () => call(m23()))

const dynamic = {
  dynamicSlice: {
    cases: drawn(arbBox, ({ shape, sizes, dtype }) => ({
      inputs: [input(shape, dtype), ...startInputs(shape)],
      call: (x, ...starts) => dynamicSlice(x as Tensor, starts, sizes),
    })),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('dynamicSlice', () => dynamicSlice(text, [0], [1])),
      refusal('too few starts', 'ShapeError', ['dynamicSlice', '1 starts', '[2, 3]'], () => dynamicSlice(m23(), [0], [1, 1])),
      refusal('a box that is too large', 'ShapeError', ['dynamicSlice', '[2, 4]', '[2, 3]'], () => dynamicSlice(m23(), [0, 0], [2, 4])),
    ],
  },
  dynamicUpdateSlice: {
    cases: drawn(arbBox, ({ shape, sizes, dtype }) => ({
      inputs: [input(shape, dtype), input(sizes, dtype), ...startInputs(shape)],
      call: (x, u, ...starts) => dynamicUpdateSlice(x as Tensor, u as Tensor, starts),
    })),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('dynamicUpdateSlice', () => dynamicUpdateSlice(text, 0, [])),
      refusal('an update that is too large', 'ShapeError', ['dynamicUpdateSlice', '[2, 4]', '[2, 3]'], () =>
        dynamicUpdateSlice(m23(), np.ones([2, 4]), [0, 0]),
      ),
    ],
  },
  dynamicSliceInDim: {
    cases: drawn(arbSlice, ({ shape, axis, n, dtype }) => ({
      inputs: [input(shape, dtype), indices([], sizeAt(shape, axis), true)],
      call: (x, i) => dynamicSliceInDim(x as Tensor, i as Tensor, n, axis),
    })),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('dynamicSliceInDim', () => dynamicSliceInDim(text, 0, 1)),
      badAxis('dynamicSliceInDim', x => dynamicSliceInDim(x, 0, 1, 2)),
    ],
  },
  dynamicIndexInDim: {
    cases: drawn(fc.record({ value: arbIndex, keepdims: fc.boolean() }), ({ value: { shape, axis, dtype }, keepdims }) => ({
      inputs: [input(shape, dtype), indices([], sizeAt(shape, axis), true)],
      call: (x, i) => dynamicIndexInDim(x as Tensor, i as Tensor, axis, { keepdims }),
    })),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('dynamicIndexInDim', () => dynamicIndexInDim(text, 0)),
      badAxis('dynamicIndexInDim', x => dynamicIndexInDim(x, 0, 2)),
    ],
  },
  dynamicUpdateSliceInDim: {
    cases: drawn(arbSlice, ({ shape, axis, n, dtype }) => ({
      inputs: [input(shape, dtype), input(alongAxis(shape, axis, n), dtype), indices([], sizeAt(shape, axis), true)],
      call: (x, u, i) => dynamicUpdateSliceInDim(x as Tensor, u as Tensor, i as Tensor, axis),
    })),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('dynamicUpdateSliceInDim', () => dynamicUpdateSliceInDim(text, 1, 0)),
      badAxis('dynamicUpdateSliceInDim', x => dynamicUpdateSliceInDim(x, x, 0, 2)),
    ],
  },
  dynamicUpdateIndexInDim: {
    cases: drawn(arbIndex, ({ shape, axis, dtype }) => ({
      inputs: [input(shape, dtype), input(alongAxis(shape, axis, 1), dtype), indices([], sizeAt(shape, axis), true)],
      call: (x, u, i) => dynamicUpdateIndexInDim(x as Tensor, u as Tensor, i as Tensor, axis),
    })),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('dynamicUpdateIndexInDim', () => dynamicUpdateIndexInDim(text, 1, 0)),
      badAxis('dynamicUpdateIndexInDim', x => dynamicUpdateIndexInDim(x, x, 0, 2)),
    ],
  },
  slice: {
    cases: shapedCases(
      fc.record({ shape: arbShapeOf(1), start: fc.nat(2), stride: fc.integer({ min: 1, max: 3 }) }),
      (x, { shape, start, stride }) =>
        slice(
          x,
          shape.map(n => Math.min(n, start)),
          shape,
          shape.map(() => stride),
        ),
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('slice', () => slice(text, [0], [1])),
      refusal('a limit outside', 'ShapeError', ['slice', '[2, 4]', '[2, 3]'], () => slice(m23(), [0, 0], [2, 4])),
    ],
  },
  sliceInDim: {
    cases: shapedCases(
      fc.record({ value: arbAxis(), stride: fc.integer({ min: 1, max: 2 }) }).map(({ value, stride }) => ({ ...value, stride })),
      (x, { shape, axis, stride }) => sliceInDim(x, 0, sizeAt(shape, axis), stride, axis),
    ),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('sliceInDim', () => sliceInDim(text, 0, 1)),
      badAxis('sliceInDim', x => sliceInDim(x, 0, 1, 1, 2)),
      refusal('a limit outside', 'ShapeError', ['slice', '[2, 3]'], () => sliceInDim(m23(), 0, 4)),
    ],
  },
} satisfies Record<string, OpEntry>

const addressed = {
  gather: {
    cases: drawn(fc.record({ value: arbIndexed, options: outside, dtype: anyDType }), ({ value: { shape, at, axes }, options, dtype }) => ({
      inputs: [input(shape, dtype), ...indexInputs(shape, at, axes)],
      call: (x, ...at) => gather(x as Tensor, at, { axes, ...options }),
    })),
    accuracy: exact,
    differentiable: true,
    refused: [
      notATensor('gather', () => gather(text, [0])),
      floatIndices('gather', i => gather(m23(), [i])),
      refusal('more indices than axes', 'ShapeError', ['gather', '3 index tensors'], () => gather(m23(), [zero(), zero(), zero()])),
    ],
  },
  scatter: scattering('scatter', scatter, exact, all),
  scatterAdd: scattering('scatterAdd', scatterAdd, summed()),
  scatterMul: scattering('scatterMul', scatterMul, summed(), numbers),
  scatterMin: scattering('scatterMin', scatterMin, exact),
  scatterMax: scattering('scatterMax', scatterMax, exact),
} satisfies Record<string, OpEntry>

/** Of numpy, and of lax. */
export const indexing: typeof along = along
export const laxIndexing: typeof dynamic & typeof addressed = { ...dynamic, ...addressed }
