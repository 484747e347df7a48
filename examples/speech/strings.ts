/** Strings of digits, made of recordings of one speaker, one joined to the next. */
import { type Key, type Tensor, array, random } from '@cotangent/core'
import { FRAMES_PER_STEP } from './models.ts'
import type { Recording } from './recordings.ts'
import { type Spectrum, joined, spectraOf, stacked } from './spectra.ts'

export interface StringSizes {
  /** Digits of a string: from `shortest` to `longest`. */
  readonly shortest: number
  readonly longest: number
  /** What has no room in so many frames is left out. */
  readonly frames: number
}

/** A recording with its spectrum. */
export interface Utterance extends Recording {
  readonly spectrum: Spectrum
}

/** Draws strings of one speaker each: lists of recordings. */
export function drawStrings(key: Key, from: readonly Utterance[], count: number, sizes: StringSizes): readonly (readonly Utterance[])[] {
  const bySpeaker = [...new Set(from.map(r => r.speaker))].map(speaker => from.filter(r => r.speaker === speaker)),
    { shortest, longest, frames } = sizes
  const draws = random.uniform(key, [count, longest + 2]).dataSync()
  return Array.from({ length: count }, (_, i) => {
    const draw = (j: number, below: number): number => Math.floor(Number(draws[i * (longest + 2) + j]) * below)
    const own = bySpeaker[draw(0, bySpeaker.length)] as readonly Utterance[],
      length = shortest + draw(1, longest - shortest + 1)
    const parts: Utterance[] = []
    let room = frames
    for (let j = 0; j < length; j++) {
      const next = own[draw(2 + j, own.length)] as Utterance
      room -= next.spectrum.frames
      if (room >= 0) parts.push(next)
    }
    return parts
  })
}

export interface StringBatch {
  /** `[n, frames, BANDS, 1]` */
  readonly x: Tensor
  /** Steps of each that are no silence at its end: int32 `[n]`. */
  readonly steps: Tensor
  /** Digits from 1 to 10, padded: int32 `[n, longest]`, and how many. */
  readonly labels: Tensor
  readonly labelLengths: Tensor
}

export interface Transcripts {
  readonly spectra: readonly Spectrum[]
  /** The digits of each. */
  readonly digits: readonly (readonly number[])[]
}

/** To learn from: spectra are joined, which saves their analysis. */
export const joinedSpectra = (strings: readonly (readonly Utterance[])[]): Transcripts => ({
  spectra: strings.map(parts => joined(parts.map(p => p.spectrum))),
  digits: strings.map(parts => parts.map(p => p.digit)),
})

/** To test with: sounds are joined, and then analysed. */
export const joinedSounds = (strings: readonly (readonly Utterance[])[]): Transcripts => ({
  spectra: spectraOf(strings.map(soundOf)),
  digits: strings.map(parts => parts.map(p => p.digit)),
})

export function soundOf(parts: readonly Recording[]): Float32Array {
  const sound = new Float32Array(parts.reduce((n, p) => n + p.sound.length, 0))
  let at = 0
  for (const part of parts) {
    sound.set(part.sound, at)
    at += part.sound.length
  }
  return sound
}

export function batchOf({ spectra, digits }: Transcripts, { frames, longest }: StringSizes): StringBatch {
  const { data, shape } = stacked(spectra, frames, 'start')
  const labels = new Int32Array(digits.length * longest)
  digits.forEach((list, i) => labels.set(list.map(labelOf), i * longest))
  return {
    x: array(data, { shape }),
    steps: array(Int32Array.from(spectra, s => Math.min(Math.ceil(s.frames / FRAMES_PER_STEP), frames / FRAMES_PER_STEP))),
    labels: array(labels, { shape: [digits.length, longest] }),
    labelLengths: array(Int32Array.from(digits, list => list.length)),
  }
}

/** Behind the blank. */
const labelOf = (digit: number): number => digit + 1
export const digitOf = (label: number): number => label - 1
