/** Options whose results NumPy, SciPy or JAX say; the laws are the op table's. */
import { expect, test } from 'vitest'
import * as lax from '../../src/lax/index.ts'
import * as np from '../../src/numpy/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { useReference } from '../support/laws.ts'
import { float, int, values } from '../support/values.ts'

useReference()

test('repeat with a number for each element', () => {
  const x = np.array([
    [1, 2],
    [3, 4],
  ])
  expect(values(np.repeat(x, [2, 1], { axis: 0 }))).toEqual([
    [1, 2],
    [1, 2],
    [3, 4],
  ])
  expect(values(np.repeat(float(7, 8, 9), int(1, 0, 2)))).toEqual([7, 9, 9])
  const four = jit((t: Tensor, n: Tensor) => np.repeat(t, n, { totalRepeatLength: 4 }))
  expect([four(float(7, 8, 9), int(1, 0, 2)), four(float(7, 8, 9), int(3, 3, 3))].map(values)).toEqual([
    [7, 9, 9, 9],
    [7, 7, 7, 8],
  ])
  expect(() => jit((n: Tensor) => np.repeat(float(7, 8), n))(int(1, 2))).toThrow(/repeat: how many results .* totalRepeatLength/)
  expect(values(grad((t: Tensor) => np.repeat(t, [2, 0, 1]).sum())(float(7, 8, 9)))).toEqual([2, 0, 1])
})
test('pad by ramps and statistics', () => {
  const x = float(1, 2, 6)
  const modes = ['linearRamp', 'maximum', 'minimum', 'mean'] as const
  expect(modes.map(mode => values(np.pad(x, [2, 1], { mode, value: 5 })))).toEqual([
    [5, 3, 1, 2, 6, 5],
    [6, 6, 1, 2, 6, 6],
    [1, 1, 1, 2, 6, 1],
    [3, 3, 1, 2, 6, 3],
  ])
  expect(values(np.pad(int(1, 2, 5), 1, { mode: 'mean' }))).toEqual([3, 1, 2, 5, 3])
  expect(values(np.pad(int(4, 4), 2, { mode: 'linearRamp', value: -1 }))).toEqual([-1, 1, 4, 4, 1, -1])
})
test('sort by two keys', () => {
  const [a, b, c] = lax.sort([int(2, 1, 2, 1), int(3, 5, 1, 4), int(0, 1, 2, 3)], -1, { numKeys: 2 }) as [Tensor, Tensor, Tensor]
  expect([a, b, c].map(values)).toEqual([
    [1, 1, 2, 2],
    [4, 5, 1, 3],
    [3, 1, 2, 0],
  ])
})
test('products in a wider dtype', () => {
  const half = np.full([300], 30, { dtype: 'float16' }),
    axes = { contracting: [[0], [0]] } as const
  const wide = lax.dotGeneral(half, half, axes, { preferredElementType: 'float32' })
  expect([wide.dtype, wide.item(), lax.dotGeneral(half, half, axes).item()]).toEqual(['float32', 270000, Infinity])
  const bytes = np.full([300], 100, { dtype: 'int8' })
  expect(lax.dotGeneral(bytes, bytes, axes, { preferredElementType: 'int32' }).item()).toBe(3000000)
})
test('grids that broadcast', () => {
  const [x, y] = np.meshgrid([float(1, 2, 3), float(4, 5)], { sparse: true }) as [Tensor, Tensor]
  expect([values(x), values(y)]).toEqual([[[1, 2, 3]], [[4], [5]]])
  expect(np.indices([2, 3], { sparse: true }).map(values)).toEqual([[[0], [1]], [[0, 1, 2]]])
})
test('the axis of ranges', () => {
  expect(values(np.linspace(float(0, 10), float(2, 12), { count: 3, axis: 1 }))).toEqual([
    [0, 1, 2],
    [10, 11, 12],
  ])
  expect([np.logspace, np.geomspace].map(f => f(float(1, 2), 3, { count: 4, axis: -1 }).shape)).toEqual([
    [2, 4],
    [2, 4],
  ])
  expect(() => np.linspace(0, 1, { axis: 1 })).toThrow(/linspace: moveaxis: axis 1 is out of range/)
})
test('logsumexp of weighted terms', () => {
  const f = (b: Tensor, x: Tensor): Tensor => np.logsumexp(x, { b })
  expect(f(float(0.5, 2), float(1000, 1000)).item()).toBeCloseTo(1000 + Math.log(2.5), 3)
  expect([f(float(0, 1), float(Infinity, 2)).item(), f(float(-1), float(2)).item()]).toEqual([2, NaN])
  expect(np.logsumexp(float(1, NaN, 1), { where: np.array([true, false, true]) }).item()).toBeCloseTo(1 + Math.LN2, 6)
})
test('running totals in another dtype, arrays with NaN', () => {
  expect([np.cumsum(int(1, 2), { dtype: 'float32' }).dtype, values(np.cumprod(int(100, 3), { dtype: 'uint8' }))]).toEqual([
    'float32',
    [100, 44],
  ])
  expect(
    [np.arrayEqual(float(NaN), float(NaN)), np.arrayEqual(float(NaN, 1), float(NaN, 1), { equalNan: true })].map(t => t.item()),
  ).toEqual([0, 1])
})
