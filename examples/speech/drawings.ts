/** What the example draws. */
import { encodeWav } from '@cotangent/nn/data'
import { confusionMatrix, heatmap } from '../lib/charts/heatmap.ts'
import { type RasterOptions, raster } from '../lib/charts/raster.ts'
import { type Series, smoothed } from '../lib/charts/series.ts'
import { type Drawing, svgFile } from '../lib/charts/svg.ts'
import { xyChart } from '../lib/charts/xy.ts'
import type { Host } from '../lib/host/host.ts'
import { writeOutput } from '../lib/program.ts'
import type { Evaluation } from './digits.ts'
import { FRAMES_PER_STEP } from './models.ts'
import { DIGITS, SAMPLE_RATE, speakers } from './recordings.ts'
import { BANDS, SECONDS_PER_FRAME, SILENCE, type Spectrum } from './spectra.ts'
import { type Utterance, soundOf } from './strings.ts'
import type { Transcription } from './transcripts.ts'

const digitNames = Array.from({ length: DIGITS }, (_, i) => String(i))

/** A spectrum as a picture, low pitches below. */
function spectrogram({ frames, values }: Spectrum, options: Pick<RasterOptions, 'title' | 'marks' | 'width'>): Drawing {
  const bands = Array.from({ length: BANDS }, (_, band) => Array.from({ length: frames }, (_f, t) => values[t * BANDS + band] as number))
  return raster(bands, { x: 'seconds', y: 'mel bands', domainX: [0, frames * SECONDS_PER_FRAME], ...options })
}

/** The ten digits as one speaker says them, and another. */
export async function drawDigits(host: Host, out: string, utterances: readonly Utterance[]): Promise<void> {
  const shown = speakers
    .slice(0, 2)
    .flatMap(speaker => digitNames.map(digit => utterances.find(r => r.speaker === speaker && String(r.digit) === digit) as Utterance))
  const drawings = shown.map(r => spectrogram(r.spectrum, { title: `${r.digit}, ${r.speaker}`, width: 260 }))
  await writeOutput(host, out, 'digits.svg', svgFile(drawings, 5))
}

/** Of the official split, and of all speakers that were left out. */
export async function drawConfusion(host: Host, out: string, split: Evaluation, unseen: readonly Evaluation[]): Promise<void> {
  const matrix = (title: string, all: readonly Evaluation[]): Drawing =>
    heatmap(
      confusionMatrix(
        all.flatMap(h => h.truth),
        all.flatMap(h => h.predicted),
        DIGITS,
      ),
      { title, row: 'true', column: 'predicted', rows: digitNames, columns: digitNames },
    )
  await writeOutput(host, out, 'confusion.svg', svgFile([matrix('official split', [split]), matrix('unseen speakers', unseen)], 2))
}

/** Steps that a point of the curve of strings is the mean of. */
const RUN = 10

export async function drawLosses(host: Host, out: string, digits: readonly Series[], strings: Series): Promise<void> {
  const means = smoothed(
    strings.points.map(([, y]) => y),
    RUN,
  ).map((y, i) => [(i + 1) * RUN, y] as const)
  const charts = [
    xyChart(digits, { title: 'single digits', x: 'epoch', y: 'cross-entropy', logY: true }),
    xyChart([{ name: strings.name, points: means }], { title: 'strings', x: 'step', y: 'CTC loss', logY: true }),
  ]
  await writeOutput(host, out, 'curves.svg', svgFile(charts, 2))
}

/** A string, where its recordings really begin, and what CTC says at each moment: mostly nothing, and each digit once. */
export async function drawString(host: Host, out: string, { parts, spectrum, probabilities }: Transcription): Promise<void> {
  let at = 0
  const marks = parts.map(({ digit, sound }) => {
    const x = at / SAMPLE_RATE
    at += sound.length
    return { x, label: String(digit) }
  })
  // Steps are of four frames: silence fills up the last one.
  const frames = probabilities.length * FRAMES_PER_STEP,
    values = new Float32Array(frames * BANDS).fill(SILENCE)
  values.set(spectrum.values)
  const byClass = Array.from({ length: DIGITS + 1 }, (_, c) => probabilities.map(row => row[c] as number))
  const drawings = [
    spectrogram({ frames, values }, { title: 'spectrum', marks, width: 720 }),
    raster(byClass, {
      title: 'how probable each digit is, or nothing (-)',
      x: 'seconds',
      y: '',
      rows: ['-', ...digitNames],
      domainX: [0, frames * SECONDS_PER_FRAME],
      domain: [0, 1],
      marks,
      width: 720,
      height: 240,
    }),
  ]
  await writeOutput(host, out, 'string.svg', svgFile(drawings))
  const sound = soundOf(parts)
  await writeOutput(host, out, 'string.wav', encodeWav({ sampleRate: SAMPLE_RATE, samples: { data: sound, shape: [sound.length, 1] } }))
}
