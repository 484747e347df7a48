import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { observeGraphs } from '../../src/backend/compile.ts'
import { dynamicIndexInDim, dynamicSliceInDim, dynamicUpdateIndexInDim, dynamicUpdateSliceInDim } from '../../src/lax/operators.ts'
import { checkKernels } from '../../src/lower/check.ts'
import { arange, ones, scalar, zeros } from '../../src/numpy/creation.ts'
import { dynamicSlice, dynamicUpdateSlice } from '../../src/primitives/dynamicSlice.ts'
import { multiply } from '../../src/primitives/arithmetic.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { reshape } from '../../src/primitives/reshape.ts'
import { slice } from '../../src/primitives/slice.ts'
import type { Tensor } from '../../src/tensor.ts'
import type { InputSpec } from '../../src/testing/case.ts'
import { drawn, exact, input } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { float, int, values } from '../support/values.ts'

useReference()
/** A start that is often out of range. */
const start: InputSpec = { shape: [], dtype: 'int32', range: [-2, 5] }
const arbBox = fc.array(
  fc
    .record({ size: fc.integer({ min: 1, max: 4 }), part: fc.integer({ min: 1, max: 4 }) })
    .map(({ size, part }) => ({ size, part: Math.min(size, part) })),
  { minLength: 1, maxLength: 3 },
)

describe('laws', () => {
  checkLaws(
    'dynamicSlice',
    drawn(arbBox, axes => ({
      inputs: [
        input(
          axes.map(a => a.size),
          'float32',
        ),
        ...axes.map(() => start),
      ],
      call: (x, ...at) =>
        dynamicSlice(
          x as Tensor,
          at as Tensor[],
          axes.map(a => a.part),
        ),
    })),
    { accuracy: exact, runs: 25 },
  )
  checkLaws(
    'dynamicUpdateSlice',
    drawn(arbBox, axes => ({
      inputs: [
        input(
          axes.map(a => a.size),
          'float32',
        ),
        input(
          axes.map(a => a.part),
          'float32',
        ),
        ...axes.map(() => start),
      ],
      call: (x, u, ...at) => dynamicUpdateSlice(x as Tensor, u as Tensor, at as Tensor[]),
    })),
    { accuracy: exact, runs: 25 },
  )
})

describe('values', () => {
  const m = (): Tensor => reshape(arange(6), [2, 3])
  test('starts are clamped', () => {
    expect(values(dynamicSlice(m(), [0, int(7).sum()], [2, 2]))).toEqual([
      [1, 2],
      [4, 5],
    ])
    expect(values(dynamicSlice(m(), [1, -3], [1, 2]))).toEqual([[3, 4]])
    expect(values(dynamicUpdateSlice(m(), reshape(int(9, 9), [1, 2]), [5, 1]))).toEqual([
      [0, 1, 2],
      [3, 9, 9],
    ])
  })
  test('along one axis', () => {
    expect(values(dynamicSliceInDim(m(), 1, 2, 1))).toEqual([
      [1, 2],
      [4, 5],
    ])
    expect(values(dynamicIndexInDim(m(), 1, 0, { keepdims: false }))).toEqual([3, 4, 5])
    expect(values(dynamicUpdateIndexInDim(m(), int(7, 7, 7), 0))).toEqual([
      [7, 7, 7],
      [3, 4, 5],
    ])
    expect(values(dynamicUpdateSliceInDim(zeros([3]), float(1, 2), 1))).toEqual([0, 1, 2])
  })
})

test('the slope of a part of an update: whether it is read depends on the start, what is read does not', () => {
  const slope = jit((update: Tensor, scale: Tensor, start: Tensor) =>
    grad((u: Tensor) => multiply(sum(slice(dynamicUpdateSlice(zeros([4]), u, [start]), [0], [2])), scale))(update),
  )
  observeGraphs(checkKernels)
  try {
    expect(values(slope(zeros([2]), scalar(3), scalar(1, { dtype: 'int32' })))).toEqual([3, 0])
  } finally {
    observeGraphs(null)
  }
})

describe('refusals', () => {
  test('name shapes', () => {
    expect(() => dynamicSlice(ones([2, 3]), [0], [1])).toThrow(
      /dynamicSlice: needs a start and a size for each of the 2 axes of shape \[2, 3\]/,
    )
    expect(() => dynamicSlice(ones([2]), [0], [3])).toThrow(/sizes \[3\] are larger than shape \[2\]/)
    expect(() => dynamicSlice(ones([2]), [float(1)], [1])).toThrow(/indices must be integers/)
    expect(() => dynamicSlice(ones([2]), [int(1)], [1])).toThrow(/starts must be int32 scalars/)
  })
})
