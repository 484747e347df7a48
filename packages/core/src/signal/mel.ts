/** Frequencies as the ear tells them apart. */
import { fail } from '../errors.ts'
import { array } from '../numpy/creation.ts'
import { checkOptions } from '../options.ts'
import type { Tensor } from '../tensor.ts'

export interface MelOptions {
  /** Lowest frequency. Default 0. */
  readonly low?: number
  /** Highest frequency. Default half the sample rate. */
  readonly high?: number
  /** `htk` (default): 2595 log10(1 + f / 700). `slaney`: linear up to 1000 Hz, logarithmic behind. */
  readonly scale?: 'htk' | 'slaney'
  /** Divides each filter by half its width in Hz, so that all have the same area. Default false: their peaks are 1. */
  readonly areas?: boolean
}

const SLANEY_STEP = 200 / 3,
  SLANEY_BREAK = 1000,
  SLANEY_LOG = Math.log(6.4) / 27
const scales = {
  htk: { to: (f: number): number => 2595 * Math.log10(1 + f / 700), from: (m: number): number => 700 * (10 ** (m / 2595) - 1) },
  slaney: {
    to: (f: number): number => (f < SLANEY_BREAK ? f / SLANEY_STEP : SLANEY_BREAK / SLANEY_STEP + Math.log(f / SLANEY_BREAK) / SLANEY_LOG),
    from: (m: number): number => {
      const beyond = m - SLANEY_BREAK / SLANEY_STEP
      return beyond < 0 ? m * SLANEY_STEP : SLANEY_BREAK * Math.exp(beyond * SLANEY_LOG)
    },
  },
} as const

/**
 * Triangular filters with centres at equal distances on the mel scale, float32 `[count, nfft / 2 + 1]`: the product with a spectrum `[..., nfft / 2 + 1, segments]`
 * of `stft` is the mel spectrum `[..., count, segments]`. librosa: `filters.mel`.
 *
 * @example matmul(signal.melFilterbank(40, 512, 16000), power)
 */
export function melFilterbank(count: number, nfft: number, sampleRate: number, options: MelOptions = {}): Tensor {
  checkOptions('melFilterbank', options, 'low', 'high', 'scale', 'areas')
  const { low = 0, high = sampleRate / 2, scale = 'htk', areas = false } = options
  if (!Number.isInteger(count) || count < 1)
    fail('ValueError', `melFilterbank: the number of filters must be a positive integer, got ${count}.`)
  if (!Number.isInteger(nfft) || nfft < 1) fail('ValueError', `melFilterbank: nfft must be a positive integer, got ${nfft}.`)
  if (!(low >= 0 && low < high && high <= sampleRate / 2))
    fail('ValueError', `melFilterbank: needs 0 <= low < high <= sampleRate / 2, got low ${low}, high ${high} and sampleRate ${sampleRate}.`)
  if (!Object.hasOwn(scales, scale)) fail('ValueError', `melFilterbank: scale must be 'htk' or 'slaney', got '${String(scale)}'.`)
  const { to, from } = scales[scale],
    first = to(low),
    step = (to(high) - first) / (count + 1),
    bins = (nfft >> 1) + 1
  const edge = (k: number): number => from(first + k * step)
  const data = Float32Array.from({ length: count * bins }, (_, i) => {
    const k = Math.floor(i / bins),
      f = ((i % bins) * sampleRate) / nfft
    const [left, center, right] = [edge(k), edge(k + 1), edge(k + 2)]
    const height = Math.max(0, Math.min((f - left) / (center - left), (right - f) / (right - center)))
    return areas ? (2 * height) / (right - left) : height
  })
  return array(data, { shape: [count, bins] })
}
