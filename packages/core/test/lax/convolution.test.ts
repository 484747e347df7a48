import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ConvDimensionNumbers, convGeneralDilated, type ConvOptions, convTranspose } from '../../src/lax/convolution.ts'
import { arange, ones } from '../../src/numpy/creation.ts'
import { fmod, multiply } from '../../src/primitives/arithmetic.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { reshape } from '../../src/primitives/reshape.ts'
import { transpose } from '../../src/primitives/transpose.ts'
import { sizeOf } from '../../src/shape.ts'
import type { Tensor } from '../../src/tensor.ts'
import { drawn, input, summed } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'

useReference()
const list = (t: Tensor): number[] => Array.from(t.dataSync())

/** A layout: the letters in the order of the random numbers. */
const shuffled = (letters: string, order: readonly number[]): string =>
  Array.from(letters)
    .map((c, i) => [order[i] as number, c] as const)
    .sort(([a], [b]) => a - b)
    .map(([, c]) => c)
    .join('')
const permute = (shape: Readonly<Record<string, number>>, layout: string): number[] => Array.from(layout, c => shape[c] as number)

const step = fc.integer({ min: 1, max: 3 }),
  order = fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 5, maxLength: 5 })
/** One spatial axis. */
const arbAxis = fc.record({
  size: fc.integer({ min: 1, max: 5 }),
  window: fc.integer({ min: 1, max: 3 }),
  stride: step,
  lhsDilation: step,
  rhsDilation: fc.integer({ min: 1, max: 2 }),
  low: fc.integer({ min: -1, max: 3 }),
  high: fc.integer({ min: -1, max: 3 }),
})
const arbConvolution = fc.record({
  axes: fc.array(arbAxis, { maxLength: 2 }),
  n: fc.integer({ min: 1, max: 2 }),
  input: fc.integer({ min: 1, max: 2 }),
  output: fc.integer({ min: 1, max: 2 }),
  groups: fc.constantFrom(1, 1, 2),
  batchGroups: fc.constantFrom(1, 1, 1, 2),
  orders: fc.tuple(order, order, order),
})

describe('laws', () => {
  checkLaws(
    'convGeneralDilated in any layout',
    drawn(arbConvolution, ({ axes, n, input: i, output: o, groups, batchGroups, orders }) => {
      const spatial = 'HW'.slice(0, axes.length),
        features = batchGroups > 1 ? 1 : groups
      const layouts: ConvDimensionNumbers = [
        shuffled(`NC${spatial}`, orders[0]),
        shuffled(`OI${spatial}`, orders[1]),
        shuffled(`NC${spatial}`, orders[2]),
      ]
      const sizes = (of: (a: (typeof axes)[number]) => number): Record<string, number> =>
        Object.fromEntries(axes.map((a, k) => [spatial[k] as string, of(a)]))
      // Spatial letters correspond in the kernel's order, and so do the lists of options.
      const listed = Array.from(layouts[1])
        .filter(c => spatial.includes(c))
        .map(c => axes[spatial.indexOf(c)] as (typeof axes)[number])
      const options: ConvOptions = {
        dimensionNumbers: layouts,
        featureGroupCount: features,
        batchGroupCount: batchGroups,
        lhsDilation: listed.map(a => a.lhsDilation),
        rhsDilation: listed.map(a => a.rhsDilation),
      }
      return {
        inputs: [
          input(permute({ N: n * batchGroups, C: i * features, ...sizes(a => a.size) }, layouts[0]), 'float32'),
          input(permute({ O: o * features * batchGroups, I: i, ...sizes(a => a.window) }, layouts[1]), 'float32'),
        ],
        call: (x, w) =>
          convGeneralDilated(
            x as Tensor,
            w as Tensor,
            listed.map(a => a.stride),
            listed.map(a => [a.low, a.high] as const),
            options,
          ),
      }
    }),
    { accuracy: summed(64), runs: 40 },
  )

  test('layouts agree', () => {
    const x = sequence(2, 3, 6, 5),
      w = sequence(4, 3, 3, 2)
    const y = convGeneralDilated(x, w, [2, 1], 'SAME')
    const last = convGeneralDilated(transpose(x, [0, 2, 3, 1]), transpose(w, [2, 3, 1, 0]), [2, 1], 'SAME', {
      dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'],
    })
    expect(list(transpose(last, [0, 3, 1, 2]))).toEqual(list(y))
  })
})

/** Small integers in a fixed order: ((k * step) mod m) - 5. */
function sequence(...shape: number[]): Tensor {
  return numbers(shape, 7, 11)
}
const numbers = (shape: readonly number[], step: number, modulus: number): Tensor =>
  reshape(fmod(multiply(arange(sizeOf(shape)), step), modulus).sub(5), shape).astype('float32')
const kernel = (...shape: number[]): Tensor => numbers(shape, 5, 7)

// Values of PyTorch 1.13 in float64.
describe('values', () => {
  test('2-D with groups, strides, dilation, padding, and both gradients', () => {
    const x = sequence(1, 4, 5, 4),
      w = kernel(4, 2, 3, 2)
    const f = (a: Tensor, b: Tensor): Tensor =>
      convGeneralDilated(
        a,
        b,
        [2, 1],
        [
          [1, 1],
          [0, 0],
        ],
        { rhsDilation: [1, 2], featureGroupCount: 2 },
      )
    const y = f(x, w)
    expect(y.shape).toEqual([1, 4, 3, 2])
    expect(list(y)).toEqual([34, -54, 19, 38, -5, 35, 21, -5, -16, -15, -5, -47, 29, -2, 44, -28, 3, -33, 28, 3, 4, 18, -27, 37])
    const ct = numbers(y.shape, 3, 5)
    const loss = (p: readonly [Tensor, Tensor]): Tensor => sum(f(...p).mul(ct))
    const [gx, gw] = grad(loss)([x, w])
    expect(list(gx)).toEqual([
      20, 24, 20, 8, 20, 14, 16, 27, 13, 17, 16, 4, 18, 32, 23, 19, 31, 20, 12, 20, 6, 12, 20, 24, 31, 8, 20, 14, 3, 9, 13, 17, 20, 17, 18,
      32, 15, 6, 31, 20, 8, 13, 11, 0, 33, 28, 10, 8, 23, 13, 4, 13, 28, 43, 21, 4, 18, 8, 2, 11, -2, 5, 8, 13, 42, 20, 33, 28, 7, -1, 23,
      13, 28, 26, 28, 43, 6, -2, 18, 8,
    ])
    expect(list(gw)).toEqual([
      3, -36, 23, 29, -5, -41, 31, 3, -49, 23, 9, -5, 2, -31, 4, 8, 14, -16, 2, 2, -33, 4, 0, 14, 1, 3, 20, -37, 15, 31, -12, 1, 11, 20,
      -23, 15, 34, 9, 7, -41, 13, 2, -29, 34, 0, 7, -20, 13,
    ])
  })
  test('1-D and 3-D', () => {
    expect(list(convGeneralDilated(sequence(2, 3, 8), kernel(2, 3, 3), [3], [[2, 2]]))).toEqual([
      14, -40, -32, -10, 27, 50, 15, -1, 5, 2, -23, -46, 3, -10, -1, -10,
    ])
    expect(list(convGeneralDilated(sequence(1, 1, 3, 3, 3), kernel(2, 1, 2, 2, 2), [1, 1, 1], 'VALID'))).toEqual([
      19, -15, -17, -7, 21, -13, -15, -27, -33, 23, -19, 4, 9, 43, 23, -20,
    ])
  })
  test("convTranspose with transposeKernel is PyTorch's conv_transpose2d", () => {
    const y = convTranspose(sequence(1, 2, 3, 2), kernel(2, 3, 3, 3), [2, 2], 'VALID', {
      dimensionNumbers: ['NCHW', 'OIHW', 'NCHW'],
      transposeKernel: true,
    })
    expect(y.shape).toEqual([1, 3, 7, 5])
    expect(list(y)).toEqual([
      13, -20, 0, 0, -4, 12, -21, 1, 2, -2, 33, 33, -56, -25, -10, 16, 14, -28, -7, -2, 8, 27, 30, -9, -9, -2, 5, 20, 17, -2, -2, -2, 19,
      30, 25, 10, 12, -25, -8, 2, 9, 11, 11, -6, -10, -16, 26, 16, -30, -15, -2, 10, 20, -18, -34, 18, 2, 12, 12, -9, -2, -2, -4, 14, 30, 5,
      -2, 23, 6, 22, -21, 9, 13, -2, -6, 13, -20, 0, 0, -4, 26, -23, 4, 0, -20, 22, 20, -30, -15, -10, 21, 12, -13, -9, 12, -2, 5, 28, 25,
      6, -2, 5, 20, 17, -2,
    ])
  })
  test('convTranspose: sizes', () => {
    const shape = (padding: 'SAME' | 'VALID', stride: number): readonly number[] =>
      convTranspose(ones([1, 4, 2]), ones([3, 2, 5]), [stride], padding).shape
    expect([shape('SAME', 2), shape('VALID', 2), shape('SAME', 5), shape('VALID', 5)]).toEqual([
      [1, 8, 5],
      [1, 9, 5],
      [1, 20, 5],
      [1, 20, 5],
    ])
  })
  test('SAME and SAME_LOWER put the odd zero at the end and at the start', () => {
    const run = (padding: 'SAME' | 'SAME_LOWER'): number[] =>
      list(convGeneralDilated(reshape(arange(4).add(1).astype('float32'), [1, 1, 4]), ones([1, 1, 2]), [1], padding))
    expect([run('SAME'), run('SAME_LOWER')]).toEqual([
      [3, 5, 7, 4],
      [1, 3, 5, 7],
    ])
  })
})

describe('refusals', () => {
  const x = (): Tensor => ones([1, 2, 4, 4])
  test('name shapes, layouts and remedies', () => {
    expect(() => convGeneralDilated(x(), ones([3, 3, 2, 2]), [1, 1], 'SAME')).toThrow(
      /lhs has 2 channels, but the kernel has 3 input channels for 1 group: lhs \[1, 2, 4, 4\] \(nc01\)/,
    )
    expect(() => convGeneralDilated(x(), ones([3, 1, 2, 2]), [1, 1], 'SAME', { featureGroupCount: 2 })).toThrow(
      /3 output channels do not divide into 2 groups/,
    )
    expect(() => convGeneralDilated(x(), ones([3, 2, 2]), [1, 1], 'SAME')).toThrow(/need the same rank.*\[1, 2, 4, 4\] and \[3, 2, 2\]/)
    expect(() => convGeneralDilated(x(), ones([3, 2, 2, 2]), [1], 'SAME')).toThrow(/windowStrides must be 2 positive integers/)
    expect(() => convGeneralDilated(x(), ones([3, 2, 2, 2]), [1, 1], [[0, 0]])).toThrow(
      /padding must be 'SAME', 'SAME_LOWER', 'VALID' or 2 pairs/,
    )
    expect(() => convGeneralDilated(x(), ones([3, 2, 2, 2]), [1, 1], 'same' as 'SAME')).toThrow(/unknown padding 'same'/)
    expect(() => convGeneralDilated(x(), ones([3, 2, 2, 2]), [1, 1], 'SAME', { lhsDilation: [2, 2] })).toThrow(
      /no meaning with lhsDilation. Use convTranspose/,
    )
    expect(() => convGeneralDilated(x(), ones([3, 2, 2, 2]), [1, 1], 'SAME', { dimensionNumbers: ['NHWC', 'HWIO', 'NHW'] })).toThrow(
      /dimension numbers \[NHWC, HWIO, NHW\]/,
    )
    expect(() => convGeneralDilated(ones([3, 2, 4]), ones([2, 2, 2]), [1], 'SAME', { batchGroupCount: 2 })).toThrow(
      /batch of 3 does not divide into 2 groups/,
    )
  })
})
