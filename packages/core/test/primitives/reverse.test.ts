import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import { flip } from '../../src/primitives/reverse.ts'
import type { Tensor } from '../../src/tensor.ts'
import { anyShape, drawn, exact, input } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { values } from '../support/values.ts'

useReference()

describe('laws', () => {
  const some = anyShape.chain(shape => fc.record({ shape: fc.constant(shape), axis: fc.subarray([...shape.keys()]) }))
  checkLaws(
    'flip',
    drawn(some, ({ shape, axis }) => ({ inputs: [input(shape, 'float32')], call: x => flip(x as Tensor, { axis }) })),
    { accuracy: exact },
  )
})

test('values', () => {
  const x = array([
    [1, 2],
    [3, 4],
  ])
  expect([flip(x), flip(x, { axis: 0 }), flip(x, { axis: -1 })].map(values)).toEqual([
    [
      [4, 3],
      [2, 1],
    ],
    [
      [3, 4],
      [1, 2],
    ],
    [
      [2, 1],
      [4, 3],
    ],
  ])
})
