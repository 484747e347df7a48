/**
 * The device suite: everything that the tests check on an emulated driver, and the comparison with PyTorch and JAX, on a real GPU, in one
 * report. `pack.ts` makes a folder of it that needs no network; `run.sh` of that folder starts it. Each stage is a process of its own with a limit of time, so
 * that a crash or a device that hangs is a line of the report.
 */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bench } from './bench.ts'
import { convolutions } from './convolutions.ts'
import { kernels } from './kernels.ts'
import { abi, machine, sanitizer } from './machine.ts'
import { operations } from './operations.ts'
import { peers } from './peers.ts'
import { type Finished, writeReport } from './report.ts'
import { argumentsOf, type Outcome, readSetting, type Setting } from './setting.ts'
import { bits, memory, mnistCnn, mnistMlp } from './training.ts'

interface Stage {
  readonly title: string
  readonly run: (setting: Setting, share: number) => Promise<Outcome>
  /** Minutes. */
  readonly limit: number
  /** In several processes at once. */
  readonly shared?: true
  /** In two processes, one after the other, whose data must be equal. */
  readonly again?: true
}

/** In the order in which they run: what is cheap first, the peers before and after ours. */
const stages: Readonly<Record<string, Stage>> = {
  machine: { title: 'the device opens', run: machine, limit: 2 },
  abi: { title: "the addon's declarations agree with NVIDIA's headers", run: abi, limit: 2 },
  bits: { title: 'the same bits again, in two processes and on two backends in each', run: bits, limit: 5, again: true },
  memory: { title: 'device memory is constant over 10,000 steps', run: memory, limit: 5 },
  mlp: { title: 'MNIST, MLP', run: mnistMlp, limit: 8 },
  cnn: { title: 'MNIST, CNN', run: mnistCnn, limit: 8 },
  operations: { title: 'the op table, all laws', run: operations, limit: 30, shared: true },
  'peers-before': { title: 'PyTorch and JAX', run: s => peers(s, 'before'), limit: 15 },
  bench: { title: 'ours', run: bench, limit: 10 },
  kernels: { title: 'the kernels of a step, by the clock of the device', run: kernels, limit: 10 },
  convolutions: { title: 'convolutions in all ways', run: convolutions, limit: 1 },
  'peers-after': { title: 'PyTorch and JAX again', run: s => peers(s, 'after'), limit: 15 },
  sanitizer: { title: 'compute-sanitizer', run: sanitizer, limit: 12 },
}

const fileOf = ({ out }: Setting, name: string, extension = 'json'): string => join(out, 'stages', `${name.replace(':', '-')}.${extension}`)

/** One stage in a process of its own; what it prints goes to a file. */
function child(setting: Setting, name: string, minutes: number): Promise<Outcome> {
  const log = openSync(fileOf(setting, name, 'log'), 'w'),
    result = fileOf(setting, name)
  rmSync(result, { force: true })
  const self = [...process.execArgv, process.argv[1] as string, ...argumentsOf(setting, name)]
  return new Promise(resolve => {
    const started = spawn(process.execPath, self, { stdio: ['ignore', log, log], timeout: minutes * 60_000, killSignal: 'SIGKILL' })
    started.on('close', (code, signal) => {
      closeSync(log)
      try {
        resolve(JSON.parse(readFileSync(result, 'utf8')) as Outcome)
      } catch {
        const why = signal === 'SIGKILL' ? `took more than ${minutes} minutes` : `ended with ${signal ?? `status ${code}`}`
        resolve({
          status: 'failed',
          summary: why,
          details: readFileSync(fileOf(setting, name, 'log'), 'utf8')
            .trim()
            .split('\n')
            .slice(-30),
        })
      }
    })
  })
}

const statuses = ['failed', 'passed', 'skipped'] as const

/** Of several processes: failed if one is. */
function together(outcomes: readonly Outcome[]): Outcome {
  const details = outcomes.flatMap(o => o.details ?? [])
  return {
    status: statuses.find(status => outcomes.some(o => o.status === status)) ?? 'failed',
    summary: outcomes.map(o => o.summary).join('; '),
    ...(details.length > 0 && { details }),
    data: outcomes.map(o => o.data ?? null),
  }
}

function sameData(first: Outcome, second: Outcome): Outcome {
  if (first.status !== 'passed' || second.status !== 'passed') return together([first, second])
  const same = JSON.stringify(first.data) === JSON.stringify(second.data)
  return same ? first : { ...first, status: 'failed', summary: `${first.summary}; another process: ${second.summary}` }
}

async function runStage(setting: Setting, name: string, { limit, shared, again }: Stage): Promise<Outcome> {
  if (shared) {
    const shares = Array.from({ length: setting.processes }, (_, share) => child(setting, `${name}:${share}`, limit))
    return together(await Promise.all(shares))
  }
  const outcome = await child(setting, name, limit)
  return again ? sameData(outcome, await child(setting, name, limit)) : outcome
}

/** All stages, one after the other; the report is written after each, so that an end in the middle leaves what there is. */
async function runAll(setting: Setting): Promise<boolean> {
  mkdirSync(join(setting.out, 'stages'), { recursive: true })
  const finished: Finished[] = []
  for (const [name, stage] of Object.entries(stages)) {
    if (setting.only.length > 0 && !setting.only.includes(name)) continue
    const start = performance.now(),
      outcome = await runStage(setting, name, stage),
      seconds = (performance.now() - start) / 1000
    finished.push({ name, title: stage.title, seconds, outcome })
    writeReport(setting, finished)
    console.log(`${outcome.status.padEnd(7)} ${name} (${seconds.toFixed(0)} s): ${outcome.summary}`)
  }
  return finished.length > 0 && finished.every(f => f.outcome.status !== 'failed')
}

/** Runs one stage here and writes what it answers. */
async function runHere(setting: Setting, stage: string): Promise<void> {
  const [name = '', share = '0'] = stage.split(':'),
    { run } = stages[name] ?? {}
  if (run === undefined) throw new Error(`there is no stage "${name}"; there are ${Object.keys(stages).join(', ')}`)
  mkdirSync(join(setting.out, 'stages'), { recursive: true })
  const outcome = await run(setting, Number(share)).catch(
    (error: unknown): Outcome => ({ status: 'failed', summary: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
  writeFileSync(fileOf(setting, stage), JSON.stringify(outcome))
  // Under a sanitizer the status is all that comes back.
  process.exitCode = outcome.status === 'failed' ? 1 : 0
}

const { stage, ...setting } = readSetting(process.argv.slice(2))
if (stage !== undefined) await runHere(setting, stage)
else process.exitCode = (await runAll(setting)) ? 0 : 1
