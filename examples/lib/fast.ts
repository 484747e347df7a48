/** The fast mode of every example that has targets, for tests on each backend. */
import { existsSync, readdirSync } from 'node:fs'
import { CotangentError } from '@cotangent/core'
import type { Host, Program } from './host/host.ts'
import { nodeFiles } from './host/node.ts'
import type { CommonOptions } from './host/options.ts'
import { type RecordedRun, resultsOf } from './results/records.ts'
import type { Target } from './results/targets.ts'

export interface FastRun {
  readonly example: string
  /** As typed. */
  readonly options: string
  /** Result lines that have targets. */
  readonly wanted: readonly string[]
}

const folder = new URL('../', import.meta.url)
const moduleOf = (example: string, name: string): URL => new URL(`${example}/${name}.ts`, folder)

/** One for each command that targets name. */
export async function fastRuns(): Promise<readonly FastRun[]> {
  const examples = readdirSync(folder).filter(name => existsSync(moduleOf(name, 'targets')))
  const runs = examples.map(async example => {
    const { targets } = (await import(moduleOf(example, 'targets').href)) as { readonly targets: readonly Target[] }
    return [...new Set(targets.map(t => t.options ?? ''))].map(options => ({
      example,
      options,
      wanted: targets.filter(t => (t.options ?? '') === options).map(t => t.result),
    }))
  })
  return (await Promise.all(runs)).flat()
}

/** The same, but one an example. */
export const onePerExample = (runs: readonly FastRun[]): readonly FastRun[] =>
  runs.filter((run, i) => runs.findIndex(r => r.example === run.example) === i)

/** `count` of them, in turn by the seed: for backends that are slow in tests. */
export const inTurn = (runs: readonly FastRun[], count: number, seed: number): readonly FastRun[] =>
  Array.from({ length: Math.min(count, runs.length) }, (_, i) => runs[(seed + i) % runs.length] as FastRun)

/** What `main.ts` hands to the program for `--fast` with these options. */
export async function fastOptions({ example, options }: FastRun, backend: string, out: string): Promise<CommonOptions> {
  const { parseOptions } = (await import(moduleOf(example, 'options').href)) as {
    readonly parseOptions: (args: readonly string[]) => CommonOptions | null | Promise<CommonOptions | null>
  }
  const args = [...options.split(' ').filter(Boolean), '--fast', '--backend', backend, '--threads', '1', '--out', out]
  return (await parseOptions(args)) as CommonOptions
}

/** Why the data of an example cannot be had on this machine, if so: some come from no package, and there may be no network. */
export async function missingData(run: FastRun): Promise<string | undefined> {
  try {
    await fastOptions(run, 'cpu', '.')
    return undefined
  } catch (e) {
    if (!(e instanceof CotangentError && e.message.includes('Pass --data'))) throw e
    console.log(`left out: the fast mode of ${run.example} (${e.summary})`)
    return e.summary
  }
}

/** A host that keeps what it is told; files are real. */
export function quietHost(): { readonly host: Host; readonly lines: readonly string[] } {
  const lines: string[] = []
  const print = (text: string): void => void lines.push(...text.split('\n'))
  return { host: { ...nodeFiles, isTerminal: false, print, printError: print, progress: () => {} }, lines }
}

/** Runs in this process, and gives the result lines. */
export async function runFast(run: FastRun, backend: string, out: string): Promise<RecordedRun['results']> {
  const { main } = (await import(programOf(run).href)) as { readonly main: Program<CommonOptions> }
  const { host, lines } = quietHost()
  await main(await fastOptions(run, backend, out), host)
  return resultsOf(lines.join('\n'))
}
export const programOf = ({ example }: FastRun): URL => moduleOf(example, 'program')
