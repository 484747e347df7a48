/** Options, and how recordings become examples and strings. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { init, random } from '@cotangent/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeFiles } from '../lib/host/node.ts'
import { parseOptions } from './options.ts'
import { readRecordings, speakers } from './recordings.ts'
import { BANDS, SILENCE, type Spectrum, spectraOf, stacked } from './spectra.ts'
import { type Utterance, batchOf, drawStrings, joinedSounds, joinedSpectra } from './strings.ts'

const folder = mkdtempSync(join(tmpdir(), 'cotangent-speech-')),
  data = join(folder, 'fsdd-recordings.tar.gz')
beforeAll(async () => {
  writeFileSync(data, 'no archive')
  await init({ backend: 'cpu', threads: 1 })
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('options', () => {
  it('have defaults', async () => {
    expect(await parseOptions(['--data', data, '--out', folder])).toMatchObject({ beams: 1, seed: 0, fast: false, data })
    expect(await parseOptions(['--data', folder, '--out', folder, '--beams', '8', '--fast'])).toMatchObject({ beams: 8, fast: true, data })
    expect(await parseOptions(['--help'])).toBe(null)
  })
  it('are refused in one line', async () => {
    await expect(parseOptions(['--beams', '0', '--data', data, '--out', folder])).rejects.toThrow(
      '--beams: an integer of at least 1, got "0"',
    )
    await expect(parseOptions(['--data', '/no/such', '--out', folder])).rejects.toThrow(/Free Spoken Digit Dataset: there is no \/no\/such/)
    await expect(readRecordings(nodeFiles, data, 'few')).rejects.toThrow(/Free Spoken Digit Dataset: .* is no \.tar\.gz, or damaged/)
  })
})

/** Frames that all have one number. */
const constant = (frames: number, value: number): Spectrum => ({ frames, values: new Float32Array(frames * BANDS).fill(value) })

describe('spectra', () => {
  it('have a frame every 100 samples, whatever is analysed with them', () => {
    const sounds = [450, 100, 301].map(length => Float32Array.from({ length }, (_, i) => Math.sin(i)))
    const spectra = spectraOf(sounds)
    expect(spectra.map(s => s.frames)).toEqual([5, 1, 4])
    const [alone] = spectraOf(sounds.slice(0, 1))
    expect(alone?.values).toEqual(spectra[0]?.values)
  })
  it('are filled up with silence or cut, on both sides or at the end', () => {
    const column = (frames: number, place: 'start' | 'middle', to: number): readonly number[] => {
      const { data: values, shape } = stacked([constant(frames, 1)], to, place)
      expect(shape).toEqual([1, to, BANDS, 1])
      return Array.from({ length: to }, (_, t) => (values[t * BANDS] === Math.fround(SILENCE) ? 0 : Number(values[t * BANDS])))
    }
    expect([column(2, 'middle', 4), column(2, 'start', 4)]).toEqual([
      [0, 1, 1, 0],
      [1, 1, 0, 0],
    ])
    expect([column(6, 'middle', 4), column(5, 'start', 4)]).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ])
  })
})

describe('strings', () => {
  const utterances: readonly Utterance[] = speakers.flatMap((speaker, s) =>
    Array.from({ length: 10 }, (_, digit) => {
      const frames = 1 + ((digit * 7 + s) % 5)
      return { digit, speaker, index: 0, sound: new Float32Array(frames * 100).fill(0.5), spectrum: constant(frames, digit) }
    }),
  )
  const sizes = { shortest: 1, longest: 4, frames: 12 }
  it('are of one speaker, as long as asked for, and have room', () =>
    fc.assert(
      fc.property(fc.nat(), seed => {
        const drawn = drawStrings(random.key(seed), utterances, 5, sizes)
        for (const parts of drawn) {
          expect(new Set(parts.map(p => p.speaker)).size).toBe(1)
          expect(parts.length).toBeLessThanOrEqual(4)
          expect(parts.reduce((n, p) => n + p.spectrum.frames, 0)).toBeLessThanOrEqual(12)
        }
        const { x, steps, labels, labelLengths } = batchOf(joinedSpectra(drawn), sizes)
        expect([x.shape, labels.shape]).toEqual([
          [5, 12, BANDS, 1],
          [5, 4],
        ])
        drawn.forEach((parts, i) => {
          const length = Number(labelLengths.dataSync()[i])
          expect(Array.from(labels.dataSync().subarray(i * 4, i * 4 + length), Number)).toEqual(parts.map(p => p.digit + 1))
          expect(Number(steps.dataSync()[i])).toBe(Math.ceil(parts.reduce((n, p) => n + p.spectrum.frames, 0) / 4))
        })
      }),
      { numRuns: 5 },
    ))
  it('joined as sounds have as many frames as joined as spectra', () => {
    const drawn = drawStrings(random.key(0), utterances, 3, sizes),
      frames = (all: readonly Spectrum[]) => all.map(s => s.frames)
    expect(frames(joinedSounds(drawn).spectra)).toEqual(frames(joinedSpectra(drawn).spectra))
  })
})
