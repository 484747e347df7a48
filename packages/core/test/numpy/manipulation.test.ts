import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arange, array, ones, zeros } from '../../src/numpy/creation.ts'
import { arraySplit, atleast2d, hstack, ndim, roll, rot90, shape, size, split, stack, tile, vstack } from '../../src/numpy/manipulation.ts'
import { pad } from '../../src/numpy/padding.ts'
import { repeat } from '../../src/numpy/repeat.ts'
import type { Tensor } from '../../src/tensor.ts'
import { arbShapeOf, drawn, exact, input, summed } from '../../src/testing/entry.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { float, int, values } from '../support/values.ts'

useReference()
const square = array(
  [
    [1, 2],
    [3, 4],
  ],
  { dtype: 'int32' },
)

describe('laws', () => {
  const x = arbShapeOf(1, 3, 1)
  checkLaws(
    'tile',
    drawn(fc.tuple(x, fc.array(fc.nat(3), { maxLength: 4 })), ([s, times]) => ({
      inputs: [input(s, 'float32')],
      call: t => tile(t as Tensor, times),
    })),
    { accuracy: summed() },
  )
  checkLaws(
    'roll',
    drawn(fc.tuple(x, fc.integer({ min: -9, max: 9 })), ([s, by]) => ({
      inputs: [input(s, 'float32')],
      call: t => roll(t as Tensor, by, { axis: -1 }),
    })),
    { accuracy: exact },
  )
  const modes = fc.constantFrom('constant', 'edge', 'reflect', 'symmetric', 'wrap')
  checkLaws(
    'pad',
    drawn(fc.tuple(x, fc.nat(6), fc.nat(6), modes), ([s, before, after, mode]) => ({
      inputs: [input(s, 'float32')],
      call: t => pad(t as Tensor, [before, after], { mode: mode as 'wrap' }),
    })),
    { accuracy: summed() },
  )
})

test('sizes', () => expect([shape(square), ndim(square), size(square), size(square, { axis: -1 }), ndim(3)]).toEqual([[2, 2], 2, 4, 2, 0]))
test('stacking', () => {
  expect(values(stack([int(1, 2), int(3, 4)], { axis: -1 }))).toEqual([
    [1, 3],
    [2, 4],
  ])
  expect([vstack([int(1, 2), int(3, 4)]), hstack([int(1), int(2, 3)]), hstack([square, square])].map(values)).toEqual([
    [
      [1, 2],
      [3, 4],
    ],
    [1, 2, 3],
    [
      [1, 2, 1, 2],
      [3, 4, 3, 4],
    ],
  ])
  expect(stack([1, 2]).shape).toEqual([2])
  expect(atleast2d(float(1)).shape).toEqual([1, 1])
  expect(() => stack([float(1), float(1, 2)])).toThrow(/stack: operand 1 has shape \[2\], operand 0 has \[1\]/)
  expect(() => stack([])).toThrow(/at least one tensor/)
})
test('splitting', () => {
  expect(split(arange(6), 3).map(values)).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
  ])
  expect(split(arange(6), [1, 4]).map(values)).toEqual([[0], [1, 2, 3], [4, 5]])
  expect(arraySplit(arange(8), 3).map(values)).toEqual([
    [0, 1, 2],
    [3, 4, 5],
    [6, 7],
  ])
  expect(split(zeros([2, 4]), 2, { axis: 1 }).map(t => t.shape)).toEqual([
    [2, 2],
    [2, 2],
  ])
  expect(() => split(arange(7), 3)).toThrow(/split: axis 0 of shape \[7\] has size 7, which 3 equal parts do not divide. Use arraySplit/)
})
test('repeating and shifting', () => {
  expect(values(tile(int(1, 2), [2, 2]))).toEqual([
    [1, 2, 1, 2],
    [1, 2, 1, 2],
  ])
  expect([repeat(square, 2), repeat(square, 2, { axis: 0 })].map(values)).toEqual([
    [1, 1, 2, 2, 3, 3, 4, 4],
    [
      [1, 2],
      [1, 2],
      [3, 4],
      [3, 4],
    ],
  ])
  expect([roll(square, 1), roll(square, [1, 1], { axis: [0, 1] }), roll(arange(5), -7)].map(values)).toEqual([
    [
      [4, 1],
      [2, 3],
    ],
    [
      [4, 3],
      [2, 1],
    ],
    [2, 3, 4, 0, 1],
  ])
})
test('four turns are none', () => {
  expect([0, 1, 2, 3, -1].map(times => values(rot90(square, { times })))).toEqual([
    [
      [1, 2],
      [3, 4],
    ],
    [
      [2, 4],
      [1, 3],
    ],
    [
      [4, 3],
      [2, 1],
    ],
    [
      [3, 1],
      [4, 2],
    ],
    [
      [3, 1],
      [4, 2],
    ],
  ])
})

describe('pad, values of numpy.pad', () => {
  const x = arange(5)
  test('modes', () => {
    const padded = (mode: 'edge' | 'reflect' | 'symmetric' | 'wrap'): unknown => values(pad(x, [3, 7], { mode }))
    expect(padded('edge')).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4])
    expect(padded('reflect')).toEqual([3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3])
    expect(padded('symmetric')).toEqual([2, 1, 0, 0, 1, 2, 3, 4, 4, 3, 2, 1, 0, 0, 1])
    expect(padded('wrap')).toEqual([2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1])
  })
  test('widths', () => {
    expect(pad(ones([2, 3]), 1).shape).toEqual([4, 5])
    expect(
      pad(ones([2, 3]), [
        [0, 1],
        [2, 0],
      ]).shape,
    ).toEqual([3, 5])
    expect(values(pad(int(1), [1, 0], { value: 7 }))).toEqual([7, 1])
    expect(() =>
      pad(ones([2, 3]), [
        [0, 1],
        [2, 0],
        [1, 1],
      ]),
    ).toThrow(/pad: 3 pairs of widths for the 2 axes/)
    expect(() => pad(ones([2]), -1)).toThrow(/pad: widths must be non-negative integers/)
  })
})
