import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arange, zeros } from '../../src/numpy/creation.ts'
import { slice, sliceAxis } from '../../src/primitives/slice.ts'
import type { Tensor } from '../../src/tensor.ts'
import { anyShape, drawn, exact, input } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { values } from '../support/values.ts'

useReference()

describe('laws', () => {
  const boxes = anyShape.chain(shape =>
    fc.tuple(...shape.map(n => fc.tuple(fc.nat(n), fc.nat(n), fc.integer({ min: 1, max: 3 })))).map(box => ({ shape, box })),
  )
  checkLaws(
    'slice',
    drawn(boxes, ({ shape, box }) => ({
      inputs: [input(shape, 'float32')],
      call: x =>
        slice(
          x as Tensor,
          box.map(([a, b]) => Math.min(a, b)),
          box.map(([a, b]) => Math.max(a, b)),
          box.map(b => b[2]),
        ),
    })),
    { accuracy: exact },
  )
})

test('sliceAxis is x[start:end:stride]', () => {
  const x = arange(6),
    index = fc.integer({ min: -8, max: 8 })
  fc.assert(
    fc.property(index, fc.option(index, { nil: undefined }), fc.integer({ min: 1, max: 3 }), (start, end, stride) => {
      const expected = [0, 1, 2, 3, 4, 5].slice(start, end).filter((_, i) => i % stride === 0)
      expect(values(sliceAxis(x, start, end, { stride }))).toEqual(expected)
    }),
    { numRuns: 60 },
  )
  expect(sliceAxis(zeros([2, 5]), 1, 4, { axis: -1 }).shape).toEqual([2, 3])
})
test('refusals', () => {
  expect(() => slice(zeros([3]), [0], [4])).toThrow(/slice: starts \[0\], limits \[4\], strides \[1\] do not fit axis 0 of shape \[3\]/)
  expect(() => slice(zeros([3]), [0, 0], [1, 1])).toThrow(/need one entry for each of the 1 axes/)
  expect(() => sliceAxis(1, 0)).toThrow(/sliceAxis: axis 0 is out of range for 0 dimensions/)
})
