/** Recorded runs of examples: a line of JSON each. */
import { CotangentError } from '@cotangent/core'

/** One run. */
export interface RecordedRun {
  readonly example: string
  /** As typed, without seed and backend. */
  readonly options: string
  readonly seed: number
  readonly backend: string
  /** The result lines that the program ended with. */
  readonly results: Readonly<Record<string, number>>
  /** Of the whole command. */
  readonly seconds: number
  /** The machine, in words. */
  readonly machine: string
  /** Of the sources. */
  readonly commit: string
  /** year-month-day */
  readonly date: string
}

/** The lines `name value` that a program's output ends with. */
export function resultsOf(output: string): RecordedRun['results'] {
  const lines = output.trimEnd().split('\n')
  const parsed = lines.map(line => /^([A-Za-z][^:]*?) (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|-?Infinity)$/.exec(line))
  const last = parsed.findLastIndex(match => match === null)
  return Object.fromEntries(parsed.slice(last + 1).map(match => [match?.[1] ?? '', Number(match?.[2])]))
}

/** @throws ValueError that names the first one that is no number: JSON has none, and there is nothing to compare. */
export function checkedResults(command: string, results: RecordedRun['results']): RecordedRun['results'] {
  const wrong = Object.entries(results).find(([, value]) => !Number.isFinite(value))
  if (wrong !== undefined) throw new CotangentError('ValueError', `${command}: ${wrong[0]} is ${wrong[1]}: nothing is recorded.`)
  if (Object.keys(results).length === 0) throw new CotangentError('ValueError', `${command}: its output ends without results.`)
  return results
}

/** The seeds of `--seeds`. @throws ValueError when one is none. */
export function seedsOf(text: string): readonly number[] {
  const seeds = text.split(',').map(seed => (/^\d+$/.test(seed.trim()) ? Number(seed) : NaN))
  if (!seeds.every(Number.isSafeInteger))
    throw new CotangentError('ValueError', `--seeds: integers of at least 0, separated by commas, got "${text}".`)
  return seeds
}

export const formatRecords = (records: readonly RecordedRun[]): string => records.map(r => `${JSON.stringify(r)}\n`).join('')

/** @throws ValueError that names the line when one is no record. */
export function parseRecords(file: string, text: string): readonly RecordedRun[] {
  const lines = text.split('\n').filter(line => line !== '')
  return lines.map((line, i) => {
    const record = parsedLine(line)
    if (!isRecord(record)) throw new CotangentError('ValueError', `${file}: line ${i + 1} is no record of a run.`)
    return record
  })
}

function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    return null
  }
}
const isRecord = (r: unknown): r is RecordedRun =>
  typeof r === 'object' &&
  r !== null &&
  (['example', 'options', 'backend', 'machine', 'commit', 'date'] as const).every(
    key => typeof (r as Partial<RecordedRun>)[key] === 'string',
  ) &&
  typeof (r as RecordedRun).seed === 'number' &&
  typeof (r as RecordedRun).seconds === 'number' &&
  typeof (r as RecordedRun).results === 'object'

/** The latest of each command, backend and seed, by seed. */
export function latest(records: readonly RecordedRun[]): readonly RecordedRun[] {
  const byRun = new Map(records.map(r => [`${r.options}|${r.backend}|${r.seed}`, r]))
  return [...byRun.values()].sort((a, b) => a.seed - b.seed)
}
