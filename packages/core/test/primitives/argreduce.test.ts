import { describe, expect, test } from 'vitest'
import { array, zeros } from '../../src/numpy/creation.ts'
import { argmax, argmin } from '../../src/primitives/argreduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import { all, arbShapeOf, drawn, input } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import fc from 'fast-check'
import { values } from '../support/values.ts'

useReference()

describe('laws', () => {
  const one = fc.record({ shape: arbShapeOf(1, 3, 1), last: fc.boolean(), keepdims: fc.boolean(), dtype: fc.constantFrom(...all) })
  for (const [name, f] of Object.entries({ argmax, argmin }))
    checkLaws(
      name,
      drawn(one, ({ shape, last, keepdims, dtype }) => ({
        inputs: [input(shape, dtype)],
        call: x => f(x as Tensor, { axis: last ? -1 : 0, keepdims }),
      })),
      { differentiable: false },
    )
})

test('the first of equal ones, the first NaN, or the flattened position', () => {
  const x = array([
    [1, NaN, 3],
    [4, 6, 6],
  ])
  expect(values(argmax(x, { axis: 1 }))).toEqual([1, 1])
  expect(values(argmin(x, { axis: 1 }))).toEqual([1, 0])
  expect([argmax(x).item(), argmax(x).dtype, argmax(x, { keepdims: true }).shape]).toEqual([1, 'int32', [1, 1]])
})
test('an empty axis is refused', () =>
  expect(() => argmax(zeros([2, 0]), { axis: 1 })).toThrow(/argmax: no elements to choose from: axis 1 of shape \[2, 0\]/))
