/** Large convolutions take Winograd's form here: they and their gradients are those of the direct sum, for any number of threads. */
import { afterEach, describe, expect, test } from 'vitest'
import { grad, init, lax, numpy as np, type Tensor } from '@cotangent/core'
import type { Kernel } from '@cotangent/core/kernel'
import { observeGraphs } from '../../core/src/backend/compile.ts'
import { backend as cpu } from '../src/index.ts'

type Shape = readonly [n: number, h: number, w: number, channels: number, results: number, window: number, stride: number]

/** Waves of growing frequency: products of plain ones would nearly cancel in long sums. */
function waves(shape: readonly number[], frequency: number): Tensor {
  const i = np.arange(shape.reduce((a, b) => a * b, 1))
  return np.sin(i.mul(i).mul(frequency)).reshape(shape)
}

/** `[result, gradients of its weighted sum]` on a backend. */
async function convolve(threads: number | 'reference', [n, h, w, c, o, r, s]: Shape): Promise<readonly Float32Array[]> {
  await init(threads === 'reference' ? { backend: threads } : { backend: cpu, threads })
  const image = waves([n, h, w, c], 0.37),
    taps = waves([r, r, c, o], 0.71)
  const f = (x: Tensor, k: Tensor): Tensor =>
    np.maximum(lax.convGeneralDilated(x, k, [s, s], 'SAME', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] }).add(0.5), 0)
  const loss = (x: Tensor, k: Tensor): Tensor =>
    f(x, k)
      .mul(np.cos(np.arange(o)))
      .mean()
  return [f(image, taps), ...grad(loss, { argnums: [0, 1] })(image, taps)].map(t => t.dataSync() as Float32Array)
}

/** What has been compiled since: Contractions in Winograd's form, whose operands are both transformed, and scans of independent blocks. */
function observe(): { forms: number; independent: number } {
  const found = { forms: 0, independent: 0 }
  observeGraphs(({ kernels, buffers }) => {
    const isMade = (b: number): boolean => buffers[b]?.place.kind === 'temporary'
    const visit = (k: Kernel): void => {
      if (k.kind === 'contraction' && isMade(k.a.buffer) && isMade(k.b.buffer)) found.forms++
      if (k.kind !== 'scan') return
      if (k.independent === true) found.independent++
      k.body.forEach(visit)
    }
    kernels.forEach(visit)
  })
  return found
}
afterEach(() => observeGraphs(null))

describe.each<Shape>([
  [2, 12, 12, 16, 32, 3, 1],
  [3, 15, 14, 20, 16, 3, 1],
  [1, 28, 27, 32, 40, 3, 1],
  [8, 20, 20, 16, 24, 3, 1], // independent blocks for the threads
  [1, 57, 54, 3, 32, 7, 2],
  [2, 27, 28, 16, 32, 7, 2],
])('%i images of %i x %i x %i -> %i, window %i, stride %i', (...shape) => {
  test('results and gradients', async () => {
    const found = observe()
    const one = await convolve(1, shape)
    expect(found.forms).toBeGreaterThan(2) // the result and both gradients
    expect(found.independent > 0).toBe(shape[0] === 8)
    const two = await convolve(2, shape),
      three = await convolve(3, shape),
      direct = await convolve('reference', shape)
    expect(two).toEqual(one)
    expect(three).toEqual(one)
    direct.forEach((expected, i) => {
      const scale = expected.reduce((a, x) => Math.max(a, Math.abs(x)), 0)
      const error = expected.reduce((a, x, j) => Math.max(a, Math.abs(x - (one[i]?.[j] ?? Number.NaN))), 0)
      expect(error / scale).toBeLessThan(5e-6)
    })
  })
})

describe.each([
  [16, 32],
  [64, 24],
  [256, 16],
])('%i channels -> %i', (c, o) => {
  test('errors are at most four times those of the direct sum in float32', async () => {
    const size = 18
    await init({ backend: cpu, threads: 1 })
    const x = waves([1, size, size, c], 0.37),
      taps = waves([3, 3, c, o], 0.71)
    const found = observe()
    const y = lax.convGeneralDilated(x, taps, [1, 1], 'VALID', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] })
    const [xs, ks, ys] = [x, taps, y].map(t => t.dataSync() as Float32Array) as [Float32Array, Float32Array, Float32Array]
    let [form, direct] = [0, 0]
    ys.forEach((result, at) => {
      const [j, k, l] = [Math.floor(at / o / (size - 2)), Math.floor(at / o) % (size - 2), at % o]
      let [exact, single] = [0, 0]
      for (let w = 0; w < 9 * c; w++) {
        const [dy, dx, i] = [Math.floor(w / c / 3), Math.floor(w / c) % 3, w % c]
        const product = (xs[((j + dy) * size + k + dx) * c + i] as number) * (ks[w * o + l] as number)
        exact += product
        single = Math.fround(single + Math.fround(product))
      }
      form += (result - exact) ** 2
      direct += (single - exact) ** 2
    })
    expect(found.forms).toBeGreaterThan(0)
    expect(Math.sqrt(form)).toBeLessThan(4 * Math.sqrt(direct))
  })
})
