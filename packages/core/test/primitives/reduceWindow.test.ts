import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reduceWindow, type WindowOperator } from '../../src/lax/windows.ts'
import { arange, ones } from '../../src/numpy/creation.ts'
import { fmod } from '../../src/primitives/arithmetic.ts'
import { sum } from '../../src/primitives/reduce.ts'
import { reshape } from '../../src/primitives/reshape.ts'
import type { Tensor } from '../../src/tensor.ts'
import { drawn, exact, input, summed } from '../../src/testing/entry.ts'
import { grad } from '../../src/transforms/grad.ts'
import { checkLaws, useReference } from '../support/laws.ts'
import { bool, float, int, values } from '../support/values.ts'

useReference()
const list = (t: Tensor): number[] => Array.from(t.dataSync())
const step = fc.integer({ min: 1, max: 3 })
/** Windows that overlap, leave gaps, reach into padding, or stride alone. Padding is smaller than a window: every window sees an element. */
const arbAxis = fc
  .record({
    size: fc.integer({ min: 1, max: 5 }),
    window: step,
    stride: step,
    dilation: fc.integer({ min: 1, max: 2 }),
    low: fc.nat(2),
    high: fc.nat(2),
  })
  .map(a => ({
    ...a,
    dilation: a.window > 1 && a.window <= a.size ? a.dilation : 1,
    low: Math.min(a.low, a.window - 1),
    high: Math.min(a.high, a.window - 1),
  }))
/** Windows that tile their axis, up to a rest at its end. */
const arbTiling = fc
  .record({ tiles: fc.integer({ min: 0, max: 3 }), rest: fc.nat(2), window: step })
  .map(({ tiles, rest, window }) => ({ size: tiles * window + (rest % window), window, stride: window, dilation: 1, low: 0, high: 0 }))
const arbAxes = fc.oneof(fc.array(arbAxis, { minLength: 1, maxLength: 3 }), fc.array(arbTiling, { minLength: 1, maxLength: 3 }))

describe('laws', () => {
  for (const operator of ['sum', 'max', 'min'] as const)
    for (const dtype of ['float32', 'int32'] as const)
      checkLaws(
        `${operator} of ${dtype}`,
        drawn(arbAxes, axes => ({
          inputs: [
            input(
              axes.map(a => a.size),
              dtype,
            ),
          ],
          call: x =>
            reduceWindow(
              x as Tensor,
              operator,
              axes.map(a => a.window),
              axes.map(a => a.stride),
              axes.map(a => [a.low, a.high] as const),
              { windowDilation: axes.map(a => a.dilation) },
            ),
        })),
        { accuracy: operator === 'sum' ? summed() : exact, differentiable: dtype === 'float32', runs: dtype === 'float32' ? 25 : 8 },
      )
})

// Values of PyTorch 1.13: max_pool2d, avg_pool2d.
describe('values', () => {
  const image = (): Tensor => reshape(fmod(arange(25).mul(7), 11).sub(5).astype('float32'), [1, 1, 5, 5])
  const pool = (x: Tensor, operator: WindowOperator, window: number, stride: number, padding: number, dilation = 1): Tensor =>
    reduceWindow(
      x,
      operator,
      [1, 1, window, window],
      [1, 1, stride, stride],
      [
        [0, 0],
        [0, 0],
        [padding, padding],
        [padding, padding],
      ],
      { windowDilation: [1, 1, dilation, dilation] },
    )
  test('max with overlap and padding, and its gradient', () => {
    expect(list(pool(image(), 'max', 3, 2, 1))).toEqual([4, 5, 5, 4, 4, 5, 3, 4, 2])
    const loss = (x: Tensor): Tensor => sum(pool(x, 'max', 3, 2, 1).mul(reshape(arange(9).add(1), [1, 1, 3, 3])))
    expect(list(grad(loss)(image() as never) as Tensor)).toEqual([
      0, 0, 0, 5, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 8, 0, 0, 7, 0, 0, 9, 0,
    ])
  })
  test('dilation; sum', () => {
    expect(list(pool(image(), 'max', 2, 1, 0, 2))).toEqual([2, 5, 5, 4, 4, 4, 3, 2, 5])
    expect(list(pool(image(), 'sum', 2, 2, 0))).toEqual([-2, -1, -8, 4])
  })
  test('of equal elements the first gets the gradient, with and without overlap', () => {
    const f =
      (stride: number) =>
      (x: Tensor): Tensor =>
        sum(reduceWindow(x, 'max', [2], [stride], 'VALID'))
    expect(values(grad(f(2))(float(1, 1, 2, 2) as never) as Tensor)).toEqual([1, 0, 1, 0])
    expect(values(grad(f(1))(float(1, 1, 2, 2) as never) as Tensor)).toEqual([1, 0, 2, 0])
  })
  test('padding never wins, NaN does, -Infinity keeps its gradient inside', () => {
    expect(values(reduceWindow(float(-5, -6, NaN), 'max', [3], [2], 'SAME'))).toEqual([-5, NaN])
    expect(values(reduceWindow(int(-5, -6, -7), 'max', [3], [2], 'SAME'))).toEqual([-5, -6])
    expect(values(grad((x: Tensor) => sum(reduceWindow(x, 'max', [3], [3], [[1, 1]])))(float(-Infinity) as never) as Tensor)).toEqual([1])
  })
})

describe('refusals', () => {
  test('name the lists and the shape', () => {
    expect(() => reduceWindow(ones([2, 2]), 'max', [2], [1, 1], 'VALID')).toThrow(
      /reduceWindow: windowDimensions \[2\].*2 axes of shape \[2, 2\]/,
    )
    expect(() => reduceWindow(ones([2]), 'max', [0], [1], 'VALID')).toThrow(/must be positive integers/)
    expect(() => reduceWindow(ones([2]), 'mean' as 'sum', [1], [1], 'VALID')).toThrow(/the operator must be 'sum', 'max' or 'min'/)
    expect(() => reduceWindow(bool(true), 'max', [1], [1], 'VALID')).toThrow(/needs numbers.*astype/)
  })
})
