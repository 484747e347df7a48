import { describe, expect, test } from 'vitest'
import { ones, zeros } from '../../src/numpy/creation.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { scatter, scatterAdd, scatterMax, scatterMin, scatterMul } from '../../src/primitives/scatter.ts'
import type { Tensor } from '../../src/tensor.ts'
import { drawn, exact, input, summed } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { hessian } from '../../src/transforms/jacobian.ts'
import { arbIndexed, indices } from '../support/indexed.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { bool, float, int, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  for (const [name, f] of Object.entries({ scatter, scatterAdd, scatterMin, scatterMax, scatterMul }))
    checkLaws(
      name,
      drawn(arbIndexed, ({ x, axes, shapes, index, windows, mode }) => ({
        inputs: [input(x, 'float32'), input([...index, ...windows], 'float32'), ...shapes.map(indices)],
        call: (t, u, ...at) => f(t as Tensor, at as Tensor[], u as Tensor, { axes, mode }),
      })),
      { accuracy: name === 'scatterAdd' || name === 'scatterMul' ? summed() : exact },
    )
})

describe('values', () => {
  test('scatter: the last of equal places wins, others combine, out of bounds is dropped', () => {
    expect(values(scatter(zeros([4]), [int(1, 1, 3, 9)], float(1, 2, 3, 4)))).toEqual([0, 2, 0, 3])
    expect(values(scatterAdd(ones([3]), [int(1, 1, -1)], float(1, 2, 3)))).toEqual([1, 4, 1])
    expect(values(scatterMul(ones([2]), [int(0, 0)], float(2, 3)))).toEqual([6, 1])
    expect(values(scatterMin(int(5, 5), [int(0, 0)], int(7, 3)))).toEqual([3, 5])
    expect(values(scatterMax(int(5, 5), [int(0, 0)], int(7, 3)))).toEqual([7, 5])
    expect(values(scatter(zeros([2, 2]), [int(1)], 5))).toEqual([
      [0, 0],
      [5, 5],
    ])
  })
  test('of equal places, only the update that was kept has a gradient', () => {
    const loss = (u: Tensor): Tensor => sum(scatter(zeros([3]), [int(1, 1, 2)], u).mul(float(1, 2, 3)))
    expect(values(grad(loss)(float(1, 1, 1) as never) as Tensor)).toEqual([0, 2, 3])
  })
  test('of updates multiplied at one place, each has the product of the others as its gradient, zeros or not', () => {
    const slope = (...u: readonly number[]): unknown =>
      values(grad((v: Tensor) => sum(scatterMul(float(2, 7), [int(0, 0, 0, 9)], v)))(float(...u) as never) as Tensor)
    expect(slope(3, 4, 5, 6)).toEqual([40, 30, 24, 0])
    expect(slope(0, 4, 5, 6)).toEqual([40, 0, 0, 0])
    expect(slope(0, 0, 5, 6)).toEqual([0, 0, 0, 0])
  })
  test('second and third derivatives of products with zeros are those of the polynomial x u v', () => {
    type Point = readonly [x: Tensor, u: Tensor]
    const product = ([x, u]: Point): Tensor => sum(scatterMul(x, [int(0, 0)], u))
    for (const [x, u, v] of [
      [3, 0, 2],
      [3, 0, 0],
      [0, 0, 2],
      [0, 0, 0],
      [3, 4, 2],
    ] as const) {
      const at: Point = [float(x), float(u, v)]
      expect(hessian(product)(at).map(row => row.map(values))).toEqual([
        [[[0]], [[v, u]]],
        [
          [[v], [u]],
          [
            [0, x],
            [x, 0],
          ],
        ],
      ])
      const byU = (y: Tensor, w: Tensor): Tensor => sum(grad((t: Tensor) => product([y, t]))(w).mul(float(1, 0)))
      const byUAndV = (y: Tensor): Tensor => sum(grad((w: Tensor) => byU(y, w))(at[1]).mul(float(0, 1)))
      expect(values(grad(byUAndV)(at[0]))).toEqual([1])
    }
  })
})

describe('refusals', () => {
  test('name shapes, dtypes, remedies', () => {
    expect(() => scatter(ones([2]), [int(1)], ones([3]))).toThrow(/broadcast/)
    expect(() => scatterAdd(bool(true), [int(0)], bool(true))).toThrow(/scatterAdd: needs numbers/)
  })
})
