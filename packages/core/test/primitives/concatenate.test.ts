import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { zeros } from '../../src/numpy/creation.ts'
import { concatenate } from '../../src/primitives/concatenate.ts'
import { arbShapeOf, drawn, exact, input } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { double, float, int, values } from '../support/values.ts'

useReference()

describe('laws', () => {
  const parts = arbShapeOf(1).chain(shape =>
    fc.record({ shape: fc.constant(shape), axis: fc.nat(shape.length - 1), sizes: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }) }),
  )
  checkLaws(
    'concatenate',
    drawn(parts, ({ shape, axis, sizes }) => ({
      inputs: sizes.map(n => input(shape.with(axis, n), 'float32')),
      call: (...xs) => concatenate(xs, { axis }),
    })),
    { accuracy: exact },
  )
})

test('values and dtypes', () => {
  expect(values(concatenate([int(1, 2), int(3)]))).toEqual([1, 2, 3])
  expect(concatenate([int(1), double(2)]).dtype).toBe('float64')
  expect(concatenate([zeros([2, 1]), zeros([2, 3])], { axis: -1 }).shape).toEqual([2, 4])
})
test('refusals', () => {
  expect(() => concatenate([])).toThrow(/at least one tensor/)
  expect(() => concatenate([1, 2])).toThrow(/a scalar has no axis to join along. Use stack/)
  expect(() => concatenate([float(1), zeros([1, 1])])).toThrow(/concatenate: operand 1 has shape \[1, 1\], operand 0 has \[1\]/)
  expect(() => concatenate([zeros([2, 1]), zeros([3, 1])], { axis: 1 })).toThrow(/they may differ in axis 1 only/)
})
