/** The program: learns to classify spoken digits, of speakers it knows and does not know, and to transcribe strings of them. The same source in Node and in a page. */
import { random } from '@cotangent/core'
import { terminalChart } from '../lib/charts/terminal.ts'
import type { Host } from '../lib/host/host.ts'
import { onBackend, printResults } from '../lib/program.ts'
import { type DigitSizes, type Evaluation, evaluateSplit, evaluateUnseenSpeakers } from './digits.ts'
import { drawConfusion, drawDigits, drawLosses, drawString } from './drawings.ts'
import { narrow, usual } from './models.ts'
import type { Options } from './options.ts'
import { type Recording, readRecordings, speakers } from './recordings.ts'
import { spectraOf } from './spectra.ts'
import type { Utterance } from './strings.ts'
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
    utterances = recordings.map((r, i) => ({ ...r, spectrum: spectra[i] }) as Utterance)
  const sizes = fast ? fewDigits : digitSizes,
    heldOut = fast ? speakers.slice(0, 1) : speakers
  const split = await evaluateSplit(host, utterances, sizes, splitKey)
  host.print(`official split: ${Math.round(split.accuracy * split.truth.length)} of ${split.truth.length} recordings classified right`)
  const unseen = await evaluateUnseenSpeakers(host, utterances, heldOut, sizes, unseenKey)
  const strings = await transcribe(host, utterances, beams, fast ? fewStrings : stringSizes, stringKey)

  host.print(terminalChart([split.losses, strings.losses], { title: 'loss', color: host.isTerminal }))
  await drawDigits(host, out, utterances)
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
function printStrings(host: Host, { references, hypotheses }: Transcription): void {
  const lines = references.map((digits, i) => ({ reference: written(digits), hypothesis: written(hypotheses[i] ?? []) }))
  const [right, wrong] = [true, false].map(is => lines.filter(line => (line.reference === line.hypothesis) === is))
  for (const line of right?.slice(0, 3) ?? []) host.print(`${line.reference} is recognised`)
  for (const line of wrong?.slice(0, 5) ?? []) host.print(`${line.reference} is taken for ${line.hypothesis}`)
}

function resultsOf(
  split: Evaluation,
  unseen: readonly Evaluation[],
  { references, hypotheses, wordErrorRate }: Transcription,
): Readonly<Record<string, number>> {
  const mean = unseen.reduce((sum, h) => sum + h.accuracy, 0) / unseen.length
  const right = references.filter((digits, i) => digits.join() === hypotheses[i]?.join()).length
  return {
    accuracy: split.accuracy,
    'unseen speaker accuracy': mean,
    'word error rate': wordErrorRate,
    'strings right': right / references.length,
    ...Object.fromEntries(unseen.map((h, i) => [`without ${speakers[i]}`, h.accuracy])),
  }
}
