/** Recorded runs beside their targets, as the Markdown of RESULTS.md. */
import { type RecordedRun, latest } from './records.ts'
import { type Target, type Verdict, median, verdictOf } from './targets.ts'

export interface Example {
  readonly name: string
  readonly targets: readonly Target[]
  readonly records: readonly RecordedRun[]
}

const preamble = `# Results of the examples

Written by \`npx -y pnpm@12 results\` from the recorded runs in \`results/\`, one line a run; do not edit it. \`npx -y pnpm@12 results NAME [options]\` runs an example
with seeds 0, 1 and 2 (or those of \`--seeds\`) and records them. Runs are on the cpu backend if nothing else is said. Times are those of whole commands, on
machines that did other work too.
`

export const resultsPage = (examples: readonly Example[]): string =>
  [preamble, ...examples.filter(e => e.targets.length + e.records.length > 0).map(section)].join('\n')

function section(example: Example): string {
  const rows = rowsOf(example).map(row => `| ${row.join(' | ')} |`)
  const notes = example.targets
    .filter(t => t.source !== undefined)
    .map(t => `- ${[t.options, t.result].filter(Boolean).join(' ')}: ${t.source}`)
  return [
    `## ${example.name}\n`,
    '| options | result | target | median | seeds | | minutes |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    ...(notes.length === 0 ? [] : ['', 'Targets come from:', ...new Set(notes)]),
    ...machines(example.records),
    '',
  ].join('\n')
}

/** One for each target, then one for each recorded result that has none. */
function rowsOf({ targets, records }: Example): readonly (readonly string[])[] {
  const runs = latest(records),
    groups = [...new Set(runs.map(groupOf))]
  const wanted = targets.map(target => {
    const same = runs.filter(r => r.options === (target.options ?? '') && r.backend === 'cpu' && target.result in r.results)
    return row(
      target.options ?? '',
      target.result,
      boundOf(target),
      same,
      mark(
        verdictOf(
          target,
          same.map(r => r.results[target.result] as number),
        ),
      ),
    )
  })
  const others = groups.flatMap(group => {
    const same = runs.filter(r => groupOf(r) === group)
    const names = [...new Set(same.flatMap(r => Object.keys(r.results)))]
    return names
      .filter(name => !targets.some(t => (t.options ?? '') === group && t.result === name))
      .map(name =>
        row(
          group,
          name,
          '',
          same.filter(r => name in r.results),
          '',
        ),
      )
  })
  return [...wanted, ...others]
}

/** Options, with the backend where it is not the usual one. */
const groupOf = (r: RecordedRun): string => (r.backend === 'cpu' ? r.options : `${r.options} --backend ${r.backend}`.trim())

function row(options: string, result: string, bound: string, runs: readonly RecordedRun[], verdict: string): readonly string[] {
  const values = runs.map(r => r.results[result] as number)
  const minutes = runs.length === 0 ? '' : (median(runs.map(r => r.seconds)) / 60).toFixed(1)
  const seeds = runs.map(r => `${r.seed}: ${r.results[result]}`).join(', ')
  return [
    options === '' ? '' : `\`${options}\``,
    result,
    bound,
    values.length === 0 ? '' : written(median(values)),
    seeds,
    verdict,
    minutes,
  ]
}

const written = (v: number): string => String(Number(v.toPrecision(6)))
const boundOf = ({ atLeast, atMost, of }: Target): string =>
  [atLeast !== undefined && `>= ${atLeast}`, atMost !== undefined && `<= ${atMost}`, of === 'every' && 'in every run']
    .filter(Boolean)
    .join(' ')
const mark = (verdict: Verdict): string => ({ met: 'met', missed: '**missed**', open: 'not recorded' })[verdict]

function machines(records: readonly RecordedRun[]): readonly string[] {
  const seen = [...new Set(latest(records).map(r => `${r.date}, ${r.machine}, sources ${r.commit}`))]
  return seen.length === 0 ? [] : ['', `Recorded: ${seen.join('; ')}.`]
}
