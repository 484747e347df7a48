import { describe, expect, test } from 'vitest'
import { zeros } from '../../src/numpy/creation.ts'
import { expandDims, ravel, reshape, squeeze } from '../../src/primitives/reshape.ts'
import { transpose } from '../../src/primitives/transpose.ts'
import type { Tensor } from '../../src/tensor.ts'
import { anyShape, drawn, exact, input } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'

useReference()

describe('laws', () => {
  checkLaws(
    'ravel',
    drawn(anyShape, s => ({ inputs: [input(s, 'float32')], call: x => ravel(x as Tensor) })),
    { accuracy: exact },
  )
  checkLaws(
    'ravel of a transpose',
    drawn(anyShape, s => ({ inputs: [input(s, 'float32')], call: x => ravel(transpose(x as Tensor)) })),
    { accuracy: exact },
  )
  checkLaws(
    'a split of the first axis',
    drawn(anyShape, s => ({
      inputs: [input([4, ...s], 'int32')],
      call: x => reshape(transpose(x as Tensor), [...s.toReversed(), 2, 1, 2]),
    })),
    { accuracy: exact, differentiable: false },
  )
})

test('shapes', () => {
  expect(reshape(zeros([2, 6]), [3, -1]).shape).toEqual([3, 4])
  expect(reshape(zeros([0, 3]), [0, 7]).shape).toEqual([0, 7])
  expect(expandDims(zeros([2, 3]), 1).shape).toEqual([2, 1, 3])
  expect(expandDims(zeros([2, 3]), [0, -1]).shape).toEqual([1, 2, 3, 1])
  expect(squeeze(zeros([1, 2, 1])).shape).toEqual([2])
  expect(squeeze(zeros([1, 2, 1]), { axis: -1 }).shape).toEqual([1, 2])
})
test('refusals', () => {
  expect(() => reshape(zeros([2, 3]), [4])).toThrow(/reshape: shape \[2, 3\] has 6 elements, \[4\] has 4. Use -1/)
  expect(() => reshape(zeros([2, 3]), [-1, -1])).toThrow(/only one size may be -1/)
  expect(() => reshape(zeros([2, 3]), [4, -1])).toThrow(/6 elements \(shape \[2, 3\]\) do not divide into \[4, -1\]/)
  expect(() => reshape(zeros([0]), [0, -1])).toThrow(/do not divide/)
  expect(() => squeeze(zeros([2, 1]), { axis: 0 })).toThrow(/squeeze: axis 0 of shape \[2, 1\] has size 2, not 1/)
})
