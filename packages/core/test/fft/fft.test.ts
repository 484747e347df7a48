/** Transforms of all kinds of lengths against sums in JavaScript, theorems, and gradients in closed form. */
import { describe, expect, test } from 'vitest'
import { type Complex, fft, fftfreq, fftshift, ifft, ifftshift, irfft, rfft, rfftfreq } from '../../src/fft/index.ts'
import { arange, array } from '../../src/numpy/creation.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { useReference } from '../support/laws.ts'
import { float, values } from '../support/values.ts'

useReference()

const list = (t: Tensor): number[] => Array.from(t.dataSync())
const wave = (n: number, seed: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(seed + 1.7 * i * i))
const pair = (n: number, dtype: 'float32' | 'float64'): Complex => ({
  re: array(wave(n, 1), { dtype }),
  im: array(wave(n, 2), { dtype }),
})

/** The definition, with angles reduced as integers. */
function defined(re: readonly number[], im: readonly number[]): readonly [number[], number[]] {
  const n = re.length
  const sum = (f: (j: number, angle: number) => number, k: number): number =>
    re.reduce((s, _, j) => s + f(j, (-2 * Math.PI * ((j * k) % n)) / n), 0)
  const ks = Array.from({ length: n }, (_, k) => k)
  return [
    ks.map(k => sum((j, a) => (re[j] as number) * Math.cos(a) - (im[j] as number) * Math.sin(a), k)),
    ks.map(k => sum((j, a) => (re[j] as number) * Math.sin(a) + (im[j] as number) * Math.cos(a), k)),
  ]
}
const largestDifference = (got: Tensor, wanted: readonly number[]): number =>
  list(got).reduce((m, v, i) => Math.max(m, Math.abs(v - (wanted[i] as number))), 0)

describe('lengths', () => {
  // One product; two stages; three; primes and products of large primes by Bluestein's convolution.
  for (const n of [1, 2, 3, 16, 31, 64, 65, 100, 128, 360, 1000, 1024, 67, 251, 2 * 127, 67 * 2 * 3])
    test(String(n), () => {
      const [re, im] = defined(wave(n, 1), wave(n, 2))
      for (const [dtype, bound] of [
        ['float64', 1e-13],
        ['float32', 1e-6],
      ] as const) {
        const x = pair(n, dtype),
          y = fft(x)
        const scale = bound * n
        expect(largestDifference(y.re, re), dtype).toBeLessThan(scale)
        expect(largestDifference(y.im, im), dtype).toBeLessThan(scale)
        const back = ifft(y)
        expect(largestDifference(back.re, wave(n, 1))).toBeLessThan(10 * bound)
        expect(largestDifference(back.im, wave(n, 2))).toBeLessThan(10 * bound)
        const half = rfft(x.re)
        const [whole] = defined(
          wave(n, 1),
          wave(n, 1).map(() => 0),
        )
        expect(half.re.shape).toEqual([(n >> 1) + 1])
        expect(largestDifference(half.re, whole)).toBeLessThan(scale)
        expect(largestDifference(irfft(half, { n }), wave(n, 1))).toBeLessThan(10 * bound)
      }
    })
})

test('n cuts or adds zeros, norm scales, axis says where', () => {
  const x = float(1, 2, 3)
  expect(values(fft(x, { n: 2 }).re)).toEqual([3, -1])
  expect(list(fft(x, { n: 4 }).im).map(v => Math.round(v) + 0)).toEqual([0, -2, 0, 2])
  expect(list(fft(x, { norm: 'forward' }).re)[0]).toBeCloseTo(2, 6)
  expect(list(fft(x, { norm: 'ortho' }).re)[0]).toBeCloseTo(6 / Math.sqrt(3), 6)
  const m = arange(6).reshape([2, 3]).astype('float32')
  expect(values(fft(m, { axis: 0 }).re)).toEqual([
    [3, 5, 7],
    [-3, -3, -3],
  ])
  expect(irfft({ re: float(1, 2, 3), im: float(0, 1, 0) }).shape).toEqual([4])
})

test('frequencies and shifts, as NumPy prints them', () => {
  expect(list(fftfreq(5, { spacing: 0.1 })).map(v => Math.round(v))).toEqual([0, 2, 4, -4, -2])
  expect(list(fftfreq(4))).toEqual([0, 0.25, -0.5, -0.25])
  expect(list(rfftfreq(4))).toEqual([0, 0.25, 0.5])
  expect(list(fftshift(arange(5)))).toEqual([3, 4, 0, 1, 2])
  expect(list(fftshift(arange(6).reshape([2, 3]), { axes: 1 }))).toEqual([2, 0, 1, 5, 3, 4])
  expect(list(ifftshift(fftshift(arange(5))))).toEqual([0, 1, 2, 3, 4])
})

test("Parseval: the gradient of a spectrum's energy is 2 n x", () => {
  const energy = (x: Tensor): Tensor => {
    const { re, im } = fft(x)
    return re.mul(re).add(im.mul(im)).sum()
  }
  for (const n of [6, 70, 67]) {
    const x = array(wave(n, 3))
    expect(
      largestDifference(
        jit(grad(energy))(x),
        wave(n, 3).map(v => 2 * n * v),
      ),
    ).toBeLessThan(2e-5 * n)
  }
})
