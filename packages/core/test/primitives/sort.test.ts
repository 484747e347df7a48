import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array, ones } from '../../src/numpy/creation.ts'
import { argsort, sort, sortOperands, topK } from '../../src/primitives/sort.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { drawn, exact, input } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { float, int, values } from '../support/values.ts'

useReference()
const shape = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 })
const arbSort = fc.record({ shape, axis: fc.nat(), descending: fc.boolean() }).map(c => ({
  shape: c.shape,
  options: { axis: (c.axis % c.shape.length) - (c.descending ? c.shape.length : 0), descending: c.descending },
}))

describe('laws', () => {
  checkLaws(
    'sort',
    drawn(arbSort, ({ shape, options }) => ({ inputs: [input(shape, 'float32')], call: x => sort(x as Tensor, options) })),
    { accuracy: exact },
  )
  for (const dtype of ['float32', 'int32', 'uint32', 'bool'] as const)
    checkLaws(
      `argsort of ${dtype}`,
      drawn(arbSort, ({ shape, options }) => ({ inputs: [input(shape, dtype)], call: x => argsort(x as Tensor, options) })),
      { accuracy: exact, differentiable: false, runs: 8 },
    )
  checkLaws(
    'sortOperands',
    drawn(arbSort, ({ shape, options }) => ({
      inputs: [input(shape, 'int32'), input(shape, 'float32')],
      call: (keys, x) => sortOperands([keys as Tensor, x as Tensor], options.axis),
    })),
    { accuracy: exact },
  )
  checkLaws(
    'topK',
    drawn(fc.record({ shape, k: fc.nat() }), ({ shape, k }) => ({
      inputs: [input(shape, 'float32')],
      call: x => topK(x as Tensor, k % ((shape.at(-1) as number) + 1)),
    })),
    { accuracy: exact },
  )
})

describe('values', () => {
  test('NaN last, zeros equal, stable', () => {
    expect(values(sort(float(3, NaN, -Infinity, 1)))).toEqual([-Infinity, 1, 3, NaN])
    expect(values(argsort(float(1, 0, -0, 1, 0)))).toEqual([1, 2, 4, 0, 3])
    expect(values(argsort(float(1, 0, 1), { descending: true }))).toEqual([0, 2, 1])
    expect(values(sort(float(1, NaN, 2), { descending: true }))).toEqual([NaN, 2, 1])
    expect(
      values(
        sort(
          array([
            [3, 1],
            [1, 2],
          ]),
          { axis: 0 },
        ),
      ),
    ).toEqual([
      [1, 1],
      [3, 2],
    ])
  })
  test('topK takes the first of equal elements, in order', () => {
    const [v, i] = topK(int(5, 9, 5, 9), 3)
    expect([values(v), values(i)]).toEqual([
      [9, 9, 5],
      [1, 3, 0],
    ])
  })
  test('operands follow the keys', () => {
    const [k, v] = sortOperands([int(2, 1, 2), float(10, 20, 30)])
    expect([values(k as Tensor), values(v as Tensor)]).toEqual([
      [1, 2, 2],
      [20, 10, 30],
    ])
  })
  test('gradients go where the elements came from', () => {
    const weights = [1, 2, 3]
    expect(values(grad((x: Tensor) => sum(sort(x).mul(float(...weights))))(float(5, 1, 3) as never) as Tensor)).toEqual([3, 1, 2])
    expect(values(grad((x: Tensor) => sum(topK(x, 1)[0]))(float(5, 1, 7) as never) as Tensor)).toEqual([0, 0, 1])
  })
})

describe('refusals', () => {
  test('name shapes', () => {
    expect(() => sortOperands([ones([2]), ones([3])])).toThrow(/sort: all operands need one shape, got \[2\] and \[3\]/)
    expect(() => topK(ones([2, 3]), 4)).toThrow(/topK: k = 4 must be an integer from 0 to the size of the last axis of shape \[2, 3\]/)
    expect(() => sort(ones([2]), { axis: 1 })).toThrow(/axis 1 is out of range/)
  })
})
