/**
 * `npx -y pnpm@12 results`: writes examples/RESULTS.md from the recorded runs.
 * `npx -y pnpm@12 results NAME [--seeds 0,1,2] [options]`: runs an example with these seeds first, and records each run in examples/results/NAME.jsonl.
 */
import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, readdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { CotangentError } from '@cotangent/core'
import { writeFileAtomic } from '@cotangent/nn/node'
import { command } from '../examples/lib/host/run.ts'
import { type RecordedRun, checkedResults, formatRecords, parseRecords, resultsOf, seedsOf } from '../examples/lib/results/records.ts'
import { type Example, resultsPage } from '../examples/lib/results/table.ts'
import type { Target } from '../examples/lib/results/targets.ts'

const folder = new URL('../examples/', import.meta.url)
const recordsOf = (name: string): string => fileURLToPath(new URL(`results/${name}.jsonl`, folder))

async function readExample(name: string): Promise<Example> {
  const targets = new URL(`${name}/targets.ts`, folder),
    records = recordsOf(name)
  return {
    name,
    targets: existsSync(targets) ? ((await import(targets.href)) as { readonly targets: readonly Target[] }).targets : [],
    records: existsSync(records) ? parseRecords(records, readFileSync(records, 'utf8')) : [],
  }
}

/** The page of what is recorded now. */
export async function currentPage(): Promise<string> {
  return resultsPage(await Promise.all(exampleNames().map(readExample)))
}
const exampleNames = (): readonly string[] =>
  readdirSync(folder)
    .filter(name => existsSync(new URL(`${name}/main.ts`, folder)))
    .sort()
export const pagePath: string = fileURLToPath(new URL('RESULTS.md', folder))

/** The output of one run, which is shown too. @throws when it fails. */
function outputOf(name: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(new URL(`${name}/main.ts`, folder)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const parts: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => {
    parts.push(part)
    process.stdout.write(part)
  })
  return new Promise((resolve, reject) =>
    child.on('close', (status, signal) =>
      status === 0
        ? resolve(Buffer.concat(parts).toString())
        : reject(new CotangentError('ValueError', `${name} ${args.join(' ')} ended with ${status ?? signal}: nothing is recorded.`)),
    ),
  )
}

async function record(name: string, options: readonly string[], backend: string, seed: number): Promise<void> {
  const started = performance.now()
  const output = await outputOf(name, [...options, '--backend', backend, '--seed', String(seed)])
  const run: RecordedRun = {
    example: name,
    options: options.join(' '),
    seed,
    backend,
    results: checkedResults(`${name} ${options.join(' ')}`.trim(), resultsOf(output)),
    seconds: Math.round((performance.now() - started) / 100) / 10,
    machine: `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}`,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    date: new Date().toISOString().slice(0, 10),
  }
  const path = recordsOf(name),
    recorded = existsSync(path) ? readFileSync(path, 'utf8') : ''
  // A line that was cut short, by a full disk say, stays one line.
  appendFileSync(path, `${recorded === '' || recorded.endsWith('\n') ? '' : '\n'}${formatRecords([run])}`)
}

/** Takes `--name value` out of the arguments. */
function takeOption(args: string[], name: string, otherwise: string): string {
  const at = args.indexOf(`--${name}`)
  return at < 0 ? otherwise : (args.splice(at, 2)[1] ?? otherwise)
}

async function main([name, ...options]: readonly string[]): Promise<void> {
  const rest = [...options],
    seeds = seedsOf(takeOption(rest, 'seeds', '0,1,2')),
    backend = takeOption(rest, 'backend', 'cpu')
  const writePage = async (): Promise<void> => writeFileAtomic(pagePath, new TextEncoder().encode(await currentPage()))
  if (name === undefined) return writePage()
  if (!exampleNames().includes(name))
    throw new CotangentError('ValueError', `results: there is no example ${name}; there are ${exampleNames().join(', ')}.`)
  for (const seed of seeds) {
    await record(name, rest, backend, seed)
    await writePage()
  }
}

if (import.meta.main) await command(() => main(process.argv.slice(2)))
