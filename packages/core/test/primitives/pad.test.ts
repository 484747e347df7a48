import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { padWith } from '../../src/primitives/pad.ts'
import type { Tensor } from '../../src/tensor.ts'
import { anyShape, drawn, exact, input, summed } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { float, int, values } from '../support/values.ts'

useReference()

/** Widths that leave at least nothing of each axis; negative ones too. */
const configs = (interior: number) =>
  anyShape.chain(shape =>
    fc
      .tuple(
        ...shape.map(n => {
          const side = fc.integer({ min: -Math.floor(n / 2), max: 2 })
          return fc.tuple(side, side, fc.nat(interior))
        }),
      )
      .map(config => ({ shape, config })),
  )

describe('laws', () => {
  checkLaws(
    'outside, with a literal',
    drawn(configs(0), ({ shape, config }) => ({ inputs: [input(shape, 'float32')], call: x => padWith(x as Tensor, 0, config) })),
    { accuracy: exact },
  )
  checkLaws(
    'outside, with a tensor',
    drawn(configs(0), ({ shape, config }) => ({
      inputs: [input(shape, 'float32'), input([], 'float32')],
      call: (x, fill) => padWith(x as Tensor, fill as Tensor, config),
    })),
    { accuracy: summed() },
  )
  checkLaws(
    'with interior',
    drawn(configs(2), ({ shape, config }) => ({
      inputs: [input(shape, 'float32'), input([], 'float32')],
      call: (x, fill) => padWith(x as Tensor, fill as Tensor, config),
    })),
    { accuracy: summed() },
  )
})

test('values', () => {
  expect(values(padWith(int(1, 2), 0, [[1, 2, 0]]))).toEqual([0, 1, 2, 0, 0])
  expect(values(padWith(int(1, 2, 3), 9, [[-1, 1, 1]]))).toEqual([9, 2, 9, 3, 9])
  expect(
    values(
      padWith(
        int(1, 2, 3),
        9,
        [[-2, -2, 0]].map(() => [-1, -1, 0] as const),
      ),
    ),
  ).toEqual([2])
  expect(values(padWith(int(1, 2, 3), 9, [[-5, 2, 2]]))).toEqual([9, 3, 9, 9])
})
test('refusals', () => {
  expect(() => padWith(float(1), float(1, 2), [[0, 0, 0]])).toThrow(/pad: the padding value must be a scalar, got shape \[2\]/)
  expect(() => padWith(float(1), int(1).reshape([]), [[0, 0, 0]])).toThrow(/pad: x is f32\[1\] but the padding value is i32\[\]/)
  expect(() => padWith(float(1), 0, [[-1, -1, 0]])).toThrow(/cut more than there is off shape \[1\]/)
  expect(() => padWith(float(1), 0, [])).toThrow(/one integer for each of the 1 axes/)
})
