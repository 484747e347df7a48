import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array, zeros } from '../../src/numpy/creation.ts'
import { moveaxis, swapaxes, transpose } from '../../src/primitives/transpose.ts'
import type { Tensor } from '../../src/tensor.ts'
import { anyShape, drawn, exact, input } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { values } from '../support/values.ts'

useReference()

describe('laws', () => {
  const permuted = anyShape.chain(s =>
    fc.record({ shape: fc.constant(s), axes: fc.shuffledSubarray([...s.keys()], { minLength: s.length }) }),
  )
  checkLaws(
    'transpose',
    drawn(permuted, ({ shape, axes }) => ({ inputs: [input(shape, 'float32')], call: x => transpose(x as Tensor, axes) })),
    { accuracy: exact },
  )
})

test('values', () => {
  expect(
    values(
      transpose(
        array([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ),
    ),
  ).toEqual([
    [1, 4],
    [2, 5],
    [3, 6],
  ])
  expect(moveaxis(zeros([2, 3, 4]), 0, -1).shape).toEqual([3, 4, 2])
  expect(moveaxis(zeros([2, 3, 4]), [0, 1], [-1, 0]).shape).toEqual([3, 4, 2])
  expect(swapaxes(zeros([2, 3, 4]), 0, -1).shape).toEqual([4, 3, 2])
})
test('refusals', () => {
  expect(() => transpose(zeros([2, 3]), [0, 0])).toThrow(/transpose: axes \[0, 0\] are not a permutation of the 2 axes/)
  expect(() => moveaxis(zeros([2, 3]), [0, 0], [0, 1])).toThrow(/moveaxis: source \[0, 0\]/)
})
