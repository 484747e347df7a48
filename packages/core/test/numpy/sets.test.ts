/** Known values are NumPy's (1.24), where it has the function in this form; with a size they are JAX's. */
import { describe, expect, test } from 'vitest'
import { array, zeros } from '../../src/numpy/creation.ts'
import { delete as without, insert } from '../../src/numpy/editing.ts'
import { argwhere, compress, extract, flatnonzero, nonzero } from '../../src/numpy/nonzero.ts'
import { intersect1d, isin, setdiff1d, union1d, unique } from '../../src/numpy/sets.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { useReference } from '../support/laws.ts'
import { bool, float, int, values } from '../support/values.ts'

useReference()

const x = array([
  [3, 1, 2, 5],
  [7, 9, 4, 4.5],
])
const large = x.greater(3)
const u = int(3, 1, 2, 3, 1, 1)

describe('places', () => {
  test('as many as there are', () => {
    expect(nonzero(large).map(values)).toEqual([
      [0, 1, 1, 1, 1],
      [3, 0, 1, 2, 3],
    ])
    expect([values(flatnonzero(large)), argwhere(large).shape[0]]).toEqual([[3, 4, 5, 6, 7], 5])
    expect([argwhere(int(5).reshape([])).shape, argwhere(0).shape, nonzero(zeros([2, 0])).map(t => t.shape)]).toEqual([
      [1, 0],
      [0, 0],
      [[0], [0]],
    ])
  })
  test('as many as asked for', () => {
    expect(nonzero(large, { size: 2 }).map(values)).toEqual([
      [0, 1],
      [3, 0],
    ])
    expect(nonzero(x.greater(7), { size: 2, fillValue: [-1, 9] }).map(values)).toEqual([
      [1, -1],
      [1, 9],
    ])
    expect(values(jit((t: Tensor) => argwhere(t.greater(7), { size: 2, fillValue: -1 }))(x))).toEqual([
      [1, 1],
      [-1, -1],
    ])
  })
  test('what stands there', () => {
    expect(values(compress(int(0, 1, 1), x, { axis: 1 }))).toEqual([
      [1, 2],
      [9, 4],
    ])
    expect([values(compress(int(0, 1, 1), x)), values(extract(large, x))]).toEqual([
      [1, 2],
      [5, 7, 9, 4, 4.5],
    ])
    expect(values(extract(x.greater(6), x, { size: 3, fillValue: -1 }))).toEqual([7, 9, -1])
  })
  test('under grad alone values are known, under vmap they are not', () => {
    expect(values(grad((t: Tensor) => sum(extract(t.greater(2), t).mul(2)))(float(1, 3, 5)))).toEqual([0, 2, 2])
    expect(() => vmap((t: Tensor) => flatnonzero(t))(x)).toThrow(/flatnonzero: .*\{ size: n \}/)
  })
})

describe('distinct elements', () => {
  test('with positions, inverse and counts', () => {
    expect(unique(u, { returnIndex: true, returnInverse: true, returnCounts: true }).map(values)).toEqual([
      [1, 2, 3],
      [1, 2, 0],
      [2, 0, 1, 2, 0, 0],
      [3, 1, 2],
    ])
    expect(unique(u, { returnCounts: true, size: 5 }).map(values)).toEqual([
      [1, 2, 3, 1, 1],
      [3, 1, 2, 0, 0],
    ])
    expect(unique(u, { returnIndex: true, size: 2, fillValue: 7 }).map(values)).toEqual([
      [1, 2],
      [1, 2],
    ])
  })
  test('slices in lexicographic order', () => {
    const rows = array(
      [
        [3, 1],
        [1, 2],
        [3, 1],
        [1, 0],
      ],
      { dtype: 'int32' },
    )
    expect(unique(rows, { axis: 0, returnInverse: true, returnCounts: true }).map(values)).toEqual([
      [
        [1, 0],
        [1, 2],
        [3, 1],
      ],
      [2, 1, 2, 0],
      [1, 1, 2],
    ])
    expect(
      values(
        unique(
          array([
            [3, 1, 3],
            [1, 2, 1],
          ]),
          { axis: -1 },
        ),
      ),
    ).toEqual([
      [1, 3],
      [2, 1],
    ])
  })
  test('NaN and signed zeros', () => {
    expect(values(unique(float(NaN, 1, NaN, -0, 0)))).toEqual([-0, 1, NaN])
    expect(unique(float(NaN, 1, NaN), { equalNan: false }).size).toBe(3)
    expect(unique(zeros([0])).shape).toEqual([0])
  })
})

test('membership', () => {
  expect(values(isin(x, float(3, 9)))).toEqual([
    [true, false, false, false],
    [false, true, false, false],
  ])
  expect(values(isin(float(1, NaN), float(NaN, 1), { invert: true }))).toEqual([false, true])
  expect(values(isin(u, zeros([0], { dtype: 'int32' })))).toEqual([false, false, false, false, false, false])
})

test('sets', () => {
  expect([union1d(u, int(5, 2)), setdiff1d(u, int(5, 2)), setdiff1d(u, int(5, 2), { assumeUnique: true })].map(values)).toEqual([
    [1, 2, 3, 5],
    [1, 3],
    [3, 1, 3, 1, 1],
  ])
  expect(values(union1d(u, int(5, 2), { size: 6 }))).toEqual([1, 2, 3, 5, 1, 1])
  expect(values(intersect1d(u, int(5, 2, 3, 3)))).toEqual([2, 3])
  expect(intersect1d(u, int(5, 2, 3, 3), { returnIndices: true, size: 3 }).map(values)).toEqual([
    [2, 3, 0],
    [2, 0, -1],
    [1, 2, -1],
  ])
  expect(values(setdiff1d(u, int(2), { size: 3, fillValue: -1 }))).toEqual([1, 3, -1])
})

describe('taking out and putting in', () => {
  test('delete', () => {
    expect(values(without(x, 1, { axis: 1 }))).toEqual([
      [3, 2, 5],
      [7, 4, 4.5],
    ])
    expect(
      [without(u, [0, -1, 0]), without(u, int(0, -1, 0, 99)), without(u, bool(true, false, false, false, true, true))].map(values),
    ).toEqual([
      [1, 2, 3, 1],
      [1, 2, 3, 1],
      [1, 2, 3],
    ])
    expect(values(jit((t: Tensor, i: Tensor) => without(t, i, { size: 5 }))(u, int(0, 2)))).toEqual([1, 3, 1, 1, 0])
  })
  test('insert', () => {
    expect(values(insert(x, 1, array([8, 9]), { axis: 1 }))).toEqual([
      [3, 8, 1, 2, 5],
      [7, 9, 9, 4, 4.5],
    ])
    expect(
      values(
        insert(
          x,
          [1],
          array([
            [8, 9],
            [10, 11],
          ]),
          { axis: 1 },
        ),
      ),
    ).toEqual([
      [3, 8, 9, 1, 2, 5],
      [7, 10, 11, 9, 4, 4.5],
    ])
    expect([insert(u, [3, 0, 3], int(7, 8, 9)), insert(u, 2, int(7, 8)), insert(u, -1, 7), insert(u, int(3, 99), 7)].map(values)).toEqual([
      [8, 3, 1, 2, 7, 9, 3, 1, 1],
      [3, 1, 7, 8, 2, 3, 1, 1],
      [3, 1, 2, 3, 1, 7, 1],
      [3, 1, 2, 7, 3, 1, 1, 7],
    ])
    expect(values(grad((v: Tensor) => sum(insert(float(1, 2), 1, v).mul(float(1, 2, 3))))(array(9)))).toBe(2)
  })
})

test('the intersection with nothing', () => {
  for (const [a, b] of [
    [int(1, 2), zeros([0], { dtype: 'int32' })],
    [zeros([0], { dtype: 'int32' }), int(1, 2)],
  ] as const) {
    expect(values(intersect1d(a, b))).toEqual([])
    expect(intersect1d(a, b, { returnIndices: true }).map(values)).toEqual([[], [], []])
  }
})
