/** report.md and report.json of a run. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ours, Timing } from './bench.ts'
import { repetitions } from './rows.ts'
import type { Outcome, Setting } from './setting.ts'

export interface Finished {
  readonly name: string
  readonly title: string
  readonly seconds: number
  readonly outcome: Outcome
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
const oneLine = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' / ')

/** Milliseconds. */
const shown = (x: number): string => (Number.isFinite(x) ? x.toPrecision(x >= 1000 ? 4 : 3) : 'failed')

/** A row of a library: the quieter of the runs before and after ours. */
function quieter(timings: readonly Timing[]): readonly Timing[] {
  const best = new Map<string, Timing>()
  for (const t of timings) {
    const key = `${t.library} ${t.row} ${t.precision}`,
      other = best.get(key)
    if (other === undefined || !(other.median <= t.median)) best.set(key, t)
  }
  return [...best.values()]
}

/** The largest relative difference of the numbers that two libraries computed. */
export function differenceOf(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || a.length !== b.length) return NaN
  return Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number)) / Math.max(Math.abs(x), 1e-3)))
}

export function comparison({ timings, bandwidth }: Ours, others: readonly Timing[], short: boolean): string {
  const peers = quieter(others),
    libraries = [...new Set(peers.map(t => t.library))],
    { before, batches, steps } = repetitions(short)
  const rows = timings.map(ours => {
    const theirs = libraries.map(library => peers.find(t => t.library === library && t.row === ours.row && t.precision === ours.precision))
    const best = Math.min(...theirs.flatMap(t => (t !== undefined && Number.isFinite(t.median) ? [t.median] : [])))
    const differences = theirs.flatMap(t => (t === undefined || t.problem !== undefined ? [] : [differenceOf(ours.check, t.check)]))
    return [
      `${ours.row} ${ours.precision}`,
      `${shown(ours.median)} / ${shown(ours.least)}`,
      ...theirs.map(t => (t === undefined ? '' : `${shown(t.median)} / ${shown(t.least)}`)),
      Number.isFinite(best) ? `${(ours.median / best).toFixed(2)}` : '',
      differences.length === 0 ? '' : Math.max(...differences).toExponential(1),
    ]
  })
  const firsts = timings.map(ours => [
    `${ours.row} ${ours.precision}`,
    shown(ours.first),
    ...libraries.map(library => {
      const t = peers.find(p => p.library === library && p.row === ours.row && p.precision === ours.precision)
      return t === undefined ? '' : shown(t.first)
    }),
  ])
  return `Milliseconds a step, median / least of ${batches} times ${steps} steps after ${before}, each ${steps} ended by one synchronisation. Peers: the quieter of the runs before and after
ours. "ours / best" is of medians. "difference" is the largest relative one of losses (before steps 1, 2 and 11) or of results' ends.

${table(['row', 'cotangent', ...libraries, 'ours / best', 'difference'], rows)}

Elementwise work: ${(bandwidth.elementwise / 1e9).toFixed(1)} GB/s, ${((100 * bandwidth.elementwise) / bandwidth.copy).toFixed(0)} % of the driver's copy (${(bandwidth.copy / 1e9).toFixed(1)} GB/s, bytes read and written).

The first step, with tracing and compilation:

${table(['row', 'cotangent', ...libraries], firsts)}
`
}

export function reportOf(setting: Setting, finished: readonly Finished[]): string {
  const dataOf = <T>(name: string): T | undefined => finished.find(f => f.name === name)?.outcome.data as T | undefined
  const ours = dataOf<Ours>('bench'),
    others = [...(dataOf<readonly Timing[]>('peers-before') ?? []), ...(dataOf<readonly Timing[]>('peers-after') ?? [])]
  const emulated = setting.library === undefined ? '' : `\nOn the libraries of ${setting.library}, not on NVIDIA's: times say nothing.\n`
  const checks = finished.map(({ title, seconds, outcome: { status, summary } }) => [title, status, oneLine(summary), seconds.toFixed(1)])
  const details = finished
    .filter(f => (f.outcome.details ?? []).length > 0)
    .map(f => `### ${f.title}\n\n\`\`\`\n${(f.outcome.details ?? []).slice(0, 200).join('\n')}\n\`\`\`\n`)
  return `# The cuda backend on a device

${new Date().toISOString()}${setting.short ? ', the short form' : ''}
${emulated}
${table(['check', 'status', 'result', 'seconds'], checks)}

${ours === undefined ? '' : `## Against PyTorch and JAX\n\n${comparison(ours, others, setting.short)}\n`}
${details.length === 0 ? '' : `## Details\n\n${details.join('\n')}`}`
}

export function writeReport(setting: Setting, finished: readonly Finished[]): void {
  writeFileSync(join(setting.out, 'report.md'), reportOf(setting, finished))
  writeFileSync(join(setting.out, 'report.json'), JSON.stringify({ date: new Date().toISOString(), setting, stages: finished }, null, 1))
}
