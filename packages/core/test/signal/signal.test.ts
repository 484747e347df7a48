/** Spectra against SciPy (tools/fixtures-signal.py), and their inverses. */
import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import { linearTranspose } from '../../src/transforms/linearTranspose.ts'
import { frame, getWindow, istft, melFilterbank, overlapAndAdd, stft } from '../../src/signal/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import known from '../fixtures/signal.json' with { type: 'json' }
import { useReference } from '../support/laws.ts'
import { float, values } from '../support/values.ts'

useReference()

const list = (t: Tensor): number[] => Array.from(t.dataSync())
const wave = (n: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(1.7 * i * i))
const largest = (got: Tensor, wanted: readonly number[]): number => {
  expect(got.size).toBe(wanted.length)
  return list(got).reduce((m, v, i) => Math.max(m, Math.abs(v - (wanted[i] as number))), 0)
}

test('stft is that of SciPy', () => {
  const { re, im } = stft(array(wave(50), { dtype: 'float64' }), { nperseg: 8, noverlap: 6, nfft: 9 })
  expect(largest(re, known.stft[0] as number[])).toBeLessThan(1e-12)
  expect(largest(im, known.stft[1] as number[])).toBeLessThan(1e-12)
})

describe('istft brings the sequence back', () => {
  for (const options of [
    { nperseg: 8 },
    { nperseg: 8, noverlap: 6, nfft: 9 },
    { nperseg: 7, noverlap: 3, window: 'hamming' as const },
    { nperseg: 8, boundary: false, window: 'boxcar' as const },
  ])
    test(JSON.stringify(options), () => {
      const back = istft(stft(array(wave(40), { dtype: 'float64' }), options), options)
      expect(back.shape[0]).toBeGreaterThanOrEqual(40)
      expect(Math.max(...list(back).map((v, i) => Math.abs(v - (i < 40 ? Math.sin(1.7 * i * i) : 0))))).toBeLessThan(1e-13)
    })
})

test('overlapAndAdd is the transpose of frame', () => {
  const x = array(wave(12)).reshape([4, 3])
  const back = linearTranspose((t: Tensor) => frame(t, 3, 2), float(...wave(9)))
  const [transposed] = back(x) as unknown as readonly [Tensor]
  expect(values(overlapAndAdd(x, 2))).toEqual(values(transposed))
})

test('windows', () => {
  expect(values(getWindow('hann', 4))).toEqual([0, 0.5, 1, 0.5])
  expect(values(getWindow('bartlett', 3, { periodic: false }))).toEqual([0, 1, 0])
  expect(values(getWindow('boxcar', 2))).toEqual([1, 1])
})

describe('melFilterbank', () => {
  test('neighbours share each frequency between the first and the last centre', () => {
    const bank = melFilterbank(5, 400, 8000)
    const sums = list(bank.sum({ axis: 0 }))
    const centre = (k: number): number => 700 * (10 ** ((k * 2595 * Math.log10(1 + 4000 / 700)) / 6 / 2595) - 1)
    sums.forEach((s, bin) => {
      const f = bin * 20
      if (f >= centre(1) && f <= centre(5)) expect(s).toBeCloseTo(1, 5)
    })
  })
  test('areas are 1 where there are many bins', () => {
    const bank = melFilterbank(4, 8000, 8000, { scale: 'slaney', areas: true })
    list(bank.sum({ axis: 1 })).forEach(area => expect(area).toBeCloseTo(1, 2))
  })
})
