import { describe, expect, test } from 'vitest'
import { ceil, floor, round, trunc } from '../../src/primitives/rounding.ts'
import type { Tensor } from '../../src/tensor.ts'
import { unaryCases } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { float, int, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  for (const [name, f] of Object.entries({ ceil, floor, round, trunc })) checkLaws(name, unaryCases(f, [0.6, 0.9]))
})

test('values', () => {
  expect(values(round(float(0.5, 1.5, 2.5, -0.5, -1.5, 2.4)))).toEqual([0, 2, 2, -0, -2, 2])
  expect(values(floor(float(-1.5, 1.5)))).toEqual([-2, 1])
  expect(values(ceil(float(-1.5, 1.5)))).toEqual([-1, 2])
  expect(values(trunc(float(-1.5, 1.5)))).toEqual([-1, 1])
})
test('integers are returned as they are', () => {
  const x: Tensor = int(3)
  expect(floor(x)).toBe(x)
})
test('the gradient is zero', () => expect(grad(round)(0.3).item()).toBe(0))
