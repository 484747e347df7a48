/** The Free Spoken Digit Dataset: six speakers say each digit fifty times. Runs anywhere. */
import { decodeWav } from '@cotangent/nn/data'
import { openArchive, readCorpusBytes } from '../lib/corpus.ts'
import type { Files } from '../lib/host/host.ts'

export const WHAT = 'Free Spoken Digit Dataset'
export const SAMPLE_RATE = 8000
export const DIGITS = 10
export const speakers = ['george', 'jackson', 'lucas', 'nicolas', 'theo', 'yweweler'] as const
export type Speaker = (typeof speakers)[number]

export interface Recording {
  readonly digit: number
  readonly speaker: Speaker
  /** Of the fifty. */
  readonly index: number
  /** Samples; the loudest one is 1 or -1. */
  readonly sound: Float32Array
}

/** The official split: the first five of the fifty are to test with. */
export const isTest = ({ index }: Pick<Recording, 'index'>): boolean => index < 5

type Name = Omit<Recording, 'sound'>
const names: readonly Name[] = speakers.flatMap(speaker =>
  Array.from({ length: DIGITS * 50 }, (_, i) => ({ digit: i % DIGITS, speaker, index: Math.floor(i / DIGITS) })),
)
const fileOf = ({ digit, speaker, index }: Name): string => `${digit}_${speaker}_${index}.wav`

const hashes = {
  all: 'f2aefc301ef43b87b41aab8c938ed3b6fba0e5d8b702ed5111dec67f1dbb5e8b',
  few: 'e2685f8340566215661f979ae1b66f1b4cd2b1d96077d7015d7c101820e1aa54',
} as const
/** `--fast` has three speakers, who say each digit once to learn from and once to test with. */
const isFew = ({ speaker, index }: Name): boolean => speakers.indexOf(speaker) < 3 && (index === 4 || index === 5)

/**
 * The recordings in an archive: those of one speaker after another.
 * @throws ValueError when it has other ones.
 */
export async function readRecordings(files: Pick<Files, 'readFile'>, path: string, size: 'all' | 'few'): Promise<readonly Recording[]> {
  const wanted = names.filter(name => size === 'all' || isFew(name))
  const archive = await openArchive(files, WHAT, path)
  const bytes = await readCorpusBytes(archive, path, { what: WHAT, names: wanted.map(fileOf), sha256: hashes[size] })
  return wanted.map((name, i) => ({ ...name, sound: soundOf(bytes[i] as Uint8Array, fileOf(name)) }))
}

function soundOf(bytes: Uint8Array, file: string): Float32Array {
  const sound = decodeWav(bytes, `${WHAT}: ${file}`).samples.data as Float32Array
  const peak = sound.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  return sound.map(v => v / (peak === 0 ? 1 : peak))
}
