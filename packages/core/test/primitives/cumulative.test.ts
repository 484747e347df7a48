import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cumlogsumexp } from '../../src/lax/operators.ts'
import { array, ones } from '../../src/numpy/creation.ts'
import { cummax, cummin, cumprod, cumsum } from '../../src/primitives/cumulative.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { drawn, exact, input, summed } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { bool, float, values } from '../support/values.ts'

useReference()
const arbRun = fc
  .record({ shape: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 }), axis: fc.nat(), reverse: fc.boolean() })
  .map(({ shape, axis, reverse }) => ({ shape, options: { axis: axis % shape.length, reverse } }))

describe('laws', () => {
  for (const [name, f] of Object.entries({ cumsum, cumprod, cummax, cummin, cumlogsumexp }))
    checkLaws(
      name,
      drawn(arbRun, ({ shape, options }) => ({ inputs: [input(shape, 'float32')], call: x => f(x as Tensor, options) })),
      { accuracy: name === 'cummax' || name === 'cummin' ? exact : summed() },
    )
  for (const [name, f] of Object.entries({ cumsum, cumprod, cummax, cummin }))
    checkLaws(
      `${name} of int32`,
      drawn(arbRun, ({ shape, options }) => ({ inputs: [input(shape, 'int32')], call: x => f(x as Tensor, options) })),
      { accuracy: exact, differentiable: false, runs: 6 },
    )
})

describe('values', () => {
  test('as NumPy', () => {
    expect(
      values(
        cumsum(
          array([
            [1, 2],
            [3, 4],
          ]),
        ),
      ),
    ).toEqual([1, 3, 6, 10])
    expect(
      values(
        cumsum(
          array([
            [1, 2],
            [3, 4],
          ]),
          { axis: 0 },
        ),
      ),
    ).toEqual([
      [1, 2],
      [4, 6],
    ])
    expect(values(cumsum(bool(true, false, true)))).toEqual([1, 1, 2])
    expect(values(cumprod(float(1, 2, 3), { reverse: true, axis: 0 }))).toEqual([6, 6, 3])
    expect(values(cummax(float(1, 3, 2, NaN, 5)))).toEqual([1, 3, 3, NaN, NaN])
  })
  // PyTorch 1.13.
  test('the gradient of cumprod is right at zeros', () => {
    const g = (x: Tensor): unknown =>
      values(grad((y: Tensor) => sum(cumprod(y).mul(float(...Array.from({ length: x.size }, (_, i) => i + 1)))))(x as never) as Tensor)
    expect(g(float(2, 0, 3, 0, 5))).toEqual([1, 22, 0, 0, 0])
    expect(g(float(2, 0, 3, 4))).toEqual([1, 118, 0, 0])
  })
  test('cumlogsumexp does not underflow', () => {
    const out = cumlogsumexp(float(-1000, 0, 1, 2)).dataSync()
    const expected = [-1000, 0, 1.3132616875182228, 2.40760596444438]
    expected.forEach((v, i) => expect(out[i]).toBeCloseTo(v, 5))
  })
})

describe('refusals', () => {
  test('name the axis', () => {
    expect(() => cumsum(ones([2]), { axis: 1 })).toThrow(/cumsum: axis 1 is out of range/)
  })
})
