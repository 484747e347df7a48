/** What recognisers of speech are given: the loudness of sound by time and pitch. */
import { type Tensor, type TensorLike, add, log, matmul, maximum, signal, square, swapaxes } from '@cotangent/core'

export interface LogMelOptions {
  /** Number of bands. Default 40. */
  readonly bands?: number
  /** Seconds of a window, and from one window to the next. Default 0.025 and 0.01. */
  readonly window?: number
  readonly hop?: number
  /** Lowest and highest frequency. Default 0 and half the sample rate. */
  readonly low?: number
  readonly high?: number
  /** Smaller powers count as this. Default 1e-10. */
  readonly floor?: number
}

/**
 * Natural logarithms of the power in bands of the mel scale, `[..., frames, bands]`, of samples `[..., n]`: Hann windows whose sum is one, transforms of the next
 * power of two, triangular filters with peaks of one. Kaldi and librosa differ in the factor of the window alone, a constant that normalisation takes away.
 */
export function logMel(samples: TensorLike, sampleRate: number, options: LogMelOptions = {}): Tensor {
  const { bands = 40, window = 0.025, hop = 0.01, floor = 1e-10, ...range } = options
  const nperseg = Math.max(1, Math.round(window * sampleRate)),
    nfft = 2 ** Math.ceil(Math.log2(nperseg))
  const { re, im } = signal.stft(samples, { nperseg, noverlap: nperseg - Math.max(1, Math.round(hop * sampleRate)), nfft })
  const power = add(square(re), square(im))
  return swapaxes(log(maximum(matmul(signal.melFilterbank(bands, nfft, sampleRate, range), power), floor)), -1, -2)
}
