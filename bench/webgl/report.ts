/** The table of a run. */
import { median } from '../measuring.ts'
import type { LibraryName } from './page.ts'
import type { RowName } from './rows.ts'

export interface Measurement {
  readonly row: RowName
  readonly library: LibraryName
  /** Milliseconds of the first repetition, with compilation. */
  readonly first: number
  readonly difference: number
  /** Milliseconds of repetitions, by round. */
  readonly rounds: (readonly number[])[]
  /** The numbers were, so that there are no rounds. */
  readonly wrong?: boolean
}

export interface Meta {
  readonly date: string
  readonly cpu: string
  readonly cores: number
  readonly browser: string
  readonly driver: string
  readonly versions: readonly string[]
}

const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2))
/** Other work on the machine can only make a round slower. */
const quietest = ({ rounds }: Measurement): number => Math.min(...rounds.map(median))
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function table(titles: readonly string[], lines: readonly (readonly string[])[]): string {
  return [line(titles), `|---|${'---:|'.repeat(titles.length - 1)}`, ...lines.map(line)].join('\n')
}

export function report(meta: Meta, measurements: readonly Measurement[]): string {
  const libraries = [...new Set(measurements.map(m => m.library))],
    rows = [...new Set(measurements.map(m => m.row))]
  const of = (row: RowName, library: LibraryName): Measurement | undefined => measurements.find(m => m.row === row && m.library === library)
  const cell = (m: Measurement | undefined, f: (m: Measurement) => string): string =>
    m === undefined ? '' : m.wrong === true ? 'wrong' : f(m)
  const each = (f: (m: Measurement) => string): readonly (readonly string[])[] =>
    rows.map(row => [row, ...libraries.map(l => cell(of(row, l), f))])
  const ratios = rows.map(row => {
    const [own, ...peers] = ['cotangent' as const, ...libraries.filter(l => l !== 'cotangent')].map(l => of(row, l))
    const times = peers.flatMap(m => (m === undefined || m.wrong === true ? [] : [quietest(m)]))
    return own === undefined || times.length === 0 ? '' : `${(Math.min(...times) / quietest(own)).toFixed(1)}x`
  })
  const times = each(m => `${digits(quietest(m))}${m.rounds.length === 1 && m.rounds[0]?.length === 1 ? '*' : ''}`)
  return `${meta.date} ${meta.cpu}, ${meta.cores} cores, Chromium ${meta.browser}

${meta.versions.join('; ')}, all webgl on ${meta.driver}

Milliseconds of a repetition, up to the end of a read that waits for it: the median of the quietest round. The last column is the time of the
faster of the others over ours. Numbers were compared (\`difference\` in the other file). *: took more than 10 s, done once.
wrong: its numbers differed from the others', so it was not timed.

${table(
  ['row', ...libraries, 'others / ours'],
  times.map((cells, k) => [...cells, ratios[k] as string]),
)}

Median of all rounds' medians / least of all.

${table(
  ['row', ...libraries],
  each(m => `${digits(median(m.rounds.map(median)))} / ${digits(Math.min(...m.rounds.flat()))}`),
)}

The first repetition, with compilation.

${table(
  ['row', ...libraries],
  each(m => digits(m.first)),
)}
`
}
