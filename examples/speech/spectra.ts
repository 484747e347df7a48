/** Sounds as log-mel spectra, and spectra as the examples of a dataset. Runs anywhere. */
import { type Tensor, array, jit } from '@cotangent/core'
import { type HostArray, logMel } from '@cotangent/nn/data'
import { SAMPLE_RATE } from './recordings.ts'

export const BANDS = 32
/** Samples from one frame to the next. */
const HOP = 100
export const SECONDS_PER_FRAME: number = HOP / SAMPLE_RATE

/** Row after row, `[frames, BANDS]`: about 0 on average, with a spread of about 1. */
export interface Spectrum {
  readonly frames: number
  readonly values: Float32Array
}

/** Power that counts as silence, and what the logarithms are scaled by: mean and spread over all recordings, rounded. */
const FLOOR = 1e-6,
  MEAN = -10.7,
  SPREAD = 2.9
export const SILENCE: number = (Math.log(FLOOR) - MEAN) / SPREAD

const spectrum = jit(
  (sounds: Tensor): Tensor => logMel(sounds, SAMPLE_RATE, { bands: BANDS, hop: SECONDS_PER_FRAME, floor: FLOOR }).sub(MEAN).div(SPREAD),
)

/** Sounds that are analysed together. */
const TOGETHER = 20
const SHORTEST = 8000
/** Few lengths, so that few programs are compiled. */
const padded = (length: number): number => SHORTEST * 4 ** Math.max(0, Math.ceil(Math.log2(length / SHORTEST) / 2))

/** The spectrum of each. */
export function spectraOf(sounds: readonly Float32Array[]): readonly Spectrum[] {
  const spectra = new Array<Spectrum>(sounds.length)
  const byLength = sounds.map((sound, i) => ({ sound, i })).sort((a, b) => a.sound.length - b.sound.length)
  for (let start = 0; start < byLength.length; start += TOGETHER) {
    const some = byLength.slice(start, start + TOGETHER),
      length = padded(some.at(-1)?.sound.length ?? 0)
    const rows = new Float32Array(TOGETHER * length)
    some.forEach(({ sound }, row) => rows.set(sound, row * length))
    const values = spectrum(array(rows, { shape: [TOGETHER, length] })).dataSync() as Float32Array,
      size = values.length / TOGETHER
    some.forEach(({ sound, i }, row) => {
      const frames = Math.ceil(sound.length / HOP)
      spectra[i] = { frames, values: values.slice(row * size, row * size + frames * BANDS) }
    })
  }
  return spectra
}

/** Spectra as one array `[n, frames, BANDS, 1]`. Short ones are filled up with silence, long ones cut: at the end, or on both sides alike. */
export function stacked(spectra: readonly Spectrum[], frames: number, place: 'start' | 'middle'): HostArray {
  const data = new Float32Array(spectra.length * frames * BANDS).fill(SILENCE)
  spectra.forEach((s, i) => {
    const left = place === 'start' ? 0 : Math.trunc((frames - s.frames) / 2),
      from = Math.max(0, -left),
      to = Math.max(0, left)
    const kept = s.values.subarray(from * BANDS, (from + Math.min(s.frames, frames)) * BANDS)
    data.set(kept, (i * frames + to) * BANDS)
  })
  return { data, shape: [spectra.length, frames, BANDS, 1] }
}

/** One behind the other. */
export function joined(parts: readonly Spectrum[]): Spectrum {
  const frames = parts.reduce((n, part) => n + part.frames, 0),
    values = new Float32Array(frames * BANDS)
  let at = 0
  for (const part of parts) {
    values.set(part.values, at)
    at += part.values.length
  }
  return { frames, values }
}
