import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arange, ones, zeros } from '../../src/numpy/creation.ts'
import { putAlongAxis, take, takeAlongAxis } from '../../src/numpy/indexing.ts'
import { gather } from '../../src/primitives/gather.ts'
import { reshape } from '../../src/primitives/reshape.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { drawn, exact, input } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { arbIndexed, indices, mode, shape, size } from '../support/indexed.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { bool, float, int, uint, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  for (const dtype of ['float32', 'int32', 'bool'] as const)
    checkLaws(
      `gather of ${dtype}`,
      drawn(arbIndexed, ({ x, axes, shapes, mode }) => ({
        inputs: [input(x, dtype), ...shapes.map(indices)],
        call: (t, ...at) => gather(t as Tensor, at as Tensor[], { axes, mode }),
      })),
      { accuracy: exact, differentiable: false },
    )
  // A fill value that is no number has no central difference.
  checkLaws(
    'gather, derivatives',
    drawn(arbIndexed, ({ x, axes, shapes, mode }) => ({
      inputs: [input(x, 'float32'), ...shapes.map(indices)],
      call: (t, ...at) => gather(t as Tensor, at as Tensor[], { axes, mode, fillValue: 0.5 }),
    })),
    { accuracy: exact },
  )
  checkLaws(
    'take',
    drawn(
      fc.record({ x: fc.tuple(size, size), axis: fc.integer({ min: -2, max: 1 }), index: shape, mode }),
      ({ x, axis, index, mode }) => ({
        inputs: [input(x, 'float32'), indices(index)],
        call: (t, at) => take(t as Tensor, at as Tensor, { axis, mode, fillValue: -1 }),
      }),
    ),
    { accuracy: exact },
  )
  const arbAlong = fc.record({ x: fc.tuple(size, size), axis: fc.integer({ min: 0, max: 1 }), n: size, ones: fc.boolean() })
  checkLaws(
    'takeAlongAxis',
    drawn(arbAlong, ({ x, axis, n, ones }) => ({
      inputs: [input(x, 'float32'), indices(x.map((s, k) => (k === axis ? n : ones ? 1 : s)))],
      call: (t, at) => takeAlongAxis(t as Tensor, at as Tensor, axis, { fillValue: 2 }),
    })),
    { accuracy: exact },
  )
  checkLaws(
    'putAlongAxis',
    drawn(arbAlong, ({ x, axis, n }) => ({
      inputs: [
        input(x, 'float32'),
        indices(x.map((s, k) => (k === axis ? n : s))),
        input(
          x.map((s, k) => (k === axis ? n : s)),
          'float32',
        ),
      ],
      call: (t, at, v) => putAlongAxis(t as Tensor, at as Tensor, v as Tensor, axis),
    })),
    { accuracy: exact },
  )
})

describe('values', () => {
  const table = (): Tensor => reshape(arange(6).astype('float32'), [3, 2])
  test('rows, pairs, columns', () => {
    expect(values(gather(table(), [int(2, 0)]))).toEqual([
      [4, 5],
      [0, 1],
    ])
    expect(values(gather(table(), [int(2, 0), int(1, 0)]))).toEqual([5, 0])
    expect(values(gather(table(), [int(1, 0, 1)], { axes: [1] }))).toEqual([
      [1, 3, 5],
      [0, 2, 4],
      [1, 3, 5],
    ])
    expect(values(take(table(), int(1, 0, 1), { axis: 1 }))).toEqual([
      [1, 0, 1],
      [3, 2, 3],
      [5, 4, 5],
    ])
    expect(values(take(table(), -1))).toBe(5)
    expect(values(take(table(), 1, { axis: 0 }))).toEqual([2, 3])
    expect(values(takeAlongAxis(table(), reshape(int(1, 0, -1), [3, 1]), 1))).toEqual([[1], [2], [5]])
    expect(values(putAlongAxis(zeros([2, 2]), reshape(int(1, 0), [2, 1]), 9, 1))).toEqual([
      [0, 9],
      [9, 0],
    ])
  })
  test('out of bounds: fill as JAX, clip', () => {
    expect(values(gather(float(1, 2), [int(-1, 2, 1)]))).toEqual([NaN, NaN, 2])
    expect(values(gather(float(1, 2), [int(-1, 2, 1)], { mode: 'clip' }))).toEqual([1, 2, 2])
    expect([int(1), uint(1), bool(false)].map(t => values(gather(t, [int(5)])))).toEqual([[-2147483648], [4294967295], [true]])
    expect(values(take(float(1, 2), int(-2, -3, 2)))).toEqual([1, NaN, NaN])
    expect(values(gather(zeros([0, 2]), [int(0)], { fillValue: 7 }))).toEqual([[7, 7]])
  })
  test('the gradient of a lookup adds up at repeated rows', () => {
    const loss = (t: Tensor): Tensor => sum(take(t, int(2, 0, 2), { axis: 0 }).mul(reshape(float(1, 2, 3), [3, 1])))
    expect(values(grad(loss)(table() as never) as Tensor)).toEqual([
      [2, 2],
      [0, 0],
      [4, 4],
    ])
  })
})

describe('refusals', () => {
  test('name shapes, dtypes, remedies', () => {
    expect(() => gather(ones([2]), [float(1)])).toThrow(/gather: indices must be integers, got float32.*astype/)
    expect(() => gather(ones([2]), [int(1), int(1)])).toThrow(/gather: 2 index tensors for axes \[0, 1\] of shape \[2\]/)
    expect(() => gather(zeros([0]), [int(1)], { mode: 'clip' })).toThrow(/axis 0 of shape \[0\] is empty/)
    expect(() => takeAlongAxis(ones([2, 2]), int(1), 0)).toThrow(
      /takeAlongAxis: x \[2, 2\] and indices \[1\] need the same number of axes.*expandDims/,
    )
  })
})

test('mode wrap counts round and round, as NumPy does', () => {
  const x = float(1, 2, 3)
  const at = int(-1, -4, 5, 3)
  expect(Array.from(take(x, at, { mode: 'wrap' }).dataSync())).toEqual([3, 3, 3, 1])
  expect(Array.from(takeAlongAxis(x, at, 0, { mode: 'wrap' }).dataSync())).toEqual([3, 3, 3, 1])
  expect(Array.from(grad((y: Tensor) => take(y, at, { mode: 'wrap' }).sum())(x).dataSync())).toEqual([1, 0, 3])
  expect(() => take(x, at, { mode: 'round' as never })).toThrow(/take: unknown mode 'round'. Use one of fill, clip, wrap/)
})
