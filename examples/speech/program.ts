/** The program: learns to name spoken digits, of speakers it knows and does not know, and to write down strings of them. The same source in Node and in a page. */
import { random } from '@cotangent/core'
import { terminalChart } from '../lib/charts/terminal.ts'
import type { Host } from '../lib/host/host.ts'
import { onBackend, printResults } from '../lib/program.ts'
import { type DigitSizes, type Heard, hearDigits, hearStrangers } from './digits.ts'
import { drawConfusion, drawDigits, drawLosses, drawString } from './drawings.ts'
import { narrow, usual } from './models.ts'
import type { Options } from './options.ts'
import { type Recording, readRecordings, speakers } from './recordings.ts'
import { spectraOf } from './spectra.ts'
import type { Spoken } from './strings.ts'
import { type TranscriptSizes, type Transcription, transcribe } from './transcripts.ts'

const digitSizes: DigitSizes = { widths: usual, frames: 64, batchSize: 50, epochs: { split: 8, unseen: 6 } }
/** Equal where they can be: what one compiles, the other has. */
const fewDigits: DigitSizes = { widths: narrow, frames: 48, batchSize: 10, epochs: { split: 1, unseen: 1 } }
const stringSizes: TranscriptSizes = { widths: usual, shortest: 2, longest: 5, frames: 256, batchSize: 32, steps: 300, tests: 16 }
const fewStrings: TranscriptSizes = { widths: narrow, shortest: 1, longest: 2, frames: 48, batchSize: 10, steps: 2, tests: 1 }

export async function main(options: Options, host: Host): Promise<void> {
  const recordings = await readRecordings(host, options.data, options.fast ? 'few' : 'all')
  await onBackend(options, host, async backend => {
    host.print(`${recordings.length} recordings of ${new Set(recordings.map(r => r.speaker)).size} speakers, on the ${backend} backend`)
    await learn(options, host, recordings)
  })
}

async function learn({ fast, seed, out, beams }: Options, host: Host, recordings: readonly Recording[]): Promise<void> {
  const [splitKey, unseenKey, stringKey] = random.split(random.key(seed), 3)
  const spectra = spectraOf(recordings.map(r => r.sound)),
    spoken = recordings.map((r, i) => ({ ...r, spectrum: spectra[i] }) as Spoken)
  const sizes = fast ? fewDigits : digitSizes,
    left = fast ? speakers.slice(0, 1) : speakers
  const split = await hearDigits(host, spoken, sizes, splitKey)
  host.print(`official split: ${Math.round(split.accuracy * split.truth.length)} of ${split.truth.length} recordings heard right`)
  const unseen = await hearStrangers(host, spoken, left, sizes, unseenKey)
  const strings = await transcribe(host, spoken, beams, fast ? fewStrings : stringSizes, stringKey)

  host.print(terminalChart([split.losses, strings.losses], { title: 'loss', color: false }))
  await drawDigits(host, out, spoken)
  await drawConfusion(host, out, split, unseen)
  await drawLosses(
    host,
    out,
    [split, ...unseen].map(h => h.losses),
    strings.losses,
  )
  await drawString(host, out, strings)
  printStrings(host, strings)
  printResults(host, resultsOf(split, unseen, strings))
}

/** Strings may have no digits. */
const written = (digits: readonly number[]): string => (digits.length === 0 ? 'silence' : `"${digits.join(' ')}"`)

/** Some that are right, and those that are not. */
function printStrings(host: Host, { said, heard }: Transcription): void {
  const lines = said.map((digits, i) => ({ said: written(digits), heard: written(heard[i] ?? []) }))
  const [right, wrong] = [true, false].map(is => lines.filter(line => (line.said === line.heard) === is))
  for (const line of right?.slice(0, 3) ?? []) host.print(`${line.said} is heard right`)
  for (const line of wrong?.slice(0, 5) ?? []) host.print(`${line.said} is heard as ${line.heard}`)
}

function resultsOf(
  split: Heard,
  unseen: readonly Heard[],
  { said, heard, wordErrorRate }: Transcription,
): Readonly<Record<string, number>> {
  const mean = unseen.reduce((sum, h) => sum + h.accuracy, 0) / unseen.length
  const right = said.filter((digits, i) => digits.join() === heard[i]?.join()).length
  return {
    accuracy: split.accuracy,
    'unseen speaker accuracy': mean,
    'word error rate': wordErrorRate,
    'strings right': right / said.length,
    ...Object.fromEntries(unseen.map((h, i) => [`without ${speakers[i]}`, h.accuracy])),
  }
}
