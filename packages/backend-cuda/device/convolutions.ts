/** Which way of computing a convolution is the fastest: all that there are, by time, for the convolutions of the CNN and of a larger layer. */
import { setTimeout } from 'node:timers/promises'
import type { CudaBackend } from '../src/backend.ts'
import type { EmitKernel, Precision } from '../src/command.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import { open, timeRow } from './bench.ts'
import { type Problem, problems } from './convolution-problems.ts'
import { measure, type Tiles, tilesOf, type Trial } from './convolution-trial.ts'
import { byLibrary, tileWays, today, waysOf } from './convolution-ways.ts'
import { deviceRows } from './rows.ts'
import { failed, type Outcome, passed, type Setting } from './setting.ts'

/** Milliseconds after which nothing new is begun. */
const limit = 28_000
/** Ways that the report lists of each convolution; the stage's log has all. */
const most = 8
/** Convolutions whose tiles are compiled while one is measured. */
const ahead = 3

/** Emulated tensor cores are slow. */
const precisionsFor = (short: boolean): readonly Precision[] => (short ? ['float32'] : ['float32', 'tf32'])

interface Job {
  readonly precision: Precision
  readonly problem: Problem
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.slice(0, 120) ?? ''

/** Backends by precision: other ones where one was lost, since the driver gives a context that failed to all until all have let go of it. */
class Backends {
  private readonly setting: Setting
  private readonly all: Map<Precision, CudaBackend> = new Map()

  constructor(setting: Setting) {
    this.setting = setting
  }

  async of(precision: Precision): Promise<CudaBackend> {
    if ([...this.all.values()].some(({ session }) => !session.isOpen)) await this.dispose()
    const backend = this.all.get(precision) ?? (await open(this.setting, precision))
    this.all.set(precision, backend)
    return backend
  }

  async dispose(): Promise<void> {
    for (const backend of this.all.values()) await backend.dispose()
    this.all.clear()
  }
}

/** All ways, until a time. One that fails is a line, and if it takes the device with it the next ones have another backend. */
async function trials(
  backends: Backends,
  { precision, problem }: Job,
  tiles: Promise<Tiles>,
  again: () => Promise<Tiles>,
  short: boolean,
  until: number,
): Promise<readonly Trial[]> {
  const done: Trial[] = []
  const add = (trial: Trial): void => {
    done.push(trial)
    console.log(`${precision} ${problem.name}: ${lineOf(trial)}`)
  }
  for (const way of waysOf(problem)) {
    try {
      add(performance.now() > until ? leftOut(way.name) : measure(await backends.of(precision), problem, way, short))
    } catch (error) {
      add({ way: way.name, ms: NaN, problem: messageOf(error) })
    }
  }
  // Those that were begun may have been lost with their device.
  const all = await tiles
    .then(begun => measured(begun, until))
    .catch(async () => measured(await again(), until))
    .catch((error: unknown): readonly Trial[] => [{ way: 'tiles', ms: NaN, problem: messageOf(error) }])
  for (const trial of all) add(trial)
  return done
}

async function measured(tiles: Tiles, until: number): Promise<readonly Trial[]> {
  const end = setTimeout(Math.max(0, until - performance.now()), false, { ref: false })
  return (await Promise.race([tiles.compiled.then(() => true), end])) ? tiles.measure() : [leftOut('tiles')]
}

const late = 'left out, for want of time'
const leftOut = (way: string): Trial => ({ way, ms: NaN, problem: late })

/** Errors of the backend's own results, to the size of their terms: of operands rounded to these precisions, and of sums. */
const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-5, tf32: 2e-3, bf16: 2e-2 }

/** What the way that the backend takes may not do; the others are only looked at. */
export function faultsOf(precision: Precision, name: string, all: readonly Trial[]): readonly string[] {
  const own = all.filter(t => t.way === today && t.problem !== late),
    isWrong = ({ problem, differs, error = NaN }: Trial): boolean =>
      problem !== undefined || differs === true || !(error <= tolerances[precision])
  return own.filter(isWrong).map(t => `${precision} ${name}: ${lineOf(t)}`)
}

function lineOf({ way, ms, error, differs, workspace = 0, kernels, problem }: Trial): string {
  if (problem !== undefined) return `${way}: ${problem}`
  return [
    `${(1000 * ms).toFixed(1).padStart(7)} us  ${way}`,
    ...(error === undefined ? [] : [`error ${error.toExponential(1)}`]),
    ...(workspace === 0 ? [] : [`workspace ${(workspace / 2 ** 20).toFixed(2)} MiB`]),
    ...(differs ? ['OTHER BITS'] : []),
    ...(kernels === undefined ? [] : [kernels.slice(0, 90)]),
  ].join(', ')
}

function table({ problem, precision }: Job, all: readonly Trial[]): readonly string[] {
  const worked = all.filter(t => t.problem === undefined).toSorted((a, b) => a.ms - b.ms),
    failures = all.filter(t => t.problem !== undefined),
    reasons = [...new Set(failures.map(t => t.problem))]
  return [
    `${precision} ${problem.name}, ${(2e-9 * problem.work).toFixed(2)} GFLOP`,
    ...worked.filter((t, i) => i < most || t.way === today).map(t => `  ${lineOf(t)}`),
    ...reasons.map(why => {
      const ways = failures.flatMap(t => (t.problem === why ? [t.way] : []))
      return `  ${why}: ${ways.join('; ')}`.slice(0, 400)
    }),
  ]
}

const tried = <T>(f: () => T): T | undefined => {
  try {
    return f()
  } catch {
    return undefined
  }
}

/** All convolutions by cuDNN that it takes. */
const library: EmitKernel = (context, kernel) =>
  context.attempt(() => tried(() => byLibrary(context, kernel))) ?? emitKernel(context, kernel)
/** None. */
const tiled: EmitKernel = (context, kernel) => emitKernel({ ...context, convolves: () => false }, kernel)

const choices = [
  [today, emitKernel],
  ['all by cuDNN', library],
  ['none by cuDNN', tiled],
] as const

/** The whole step of the CNN. */
async function steps(setting: Setting, precision: Precision): Promise<readonly string[]> {
  const row = deviceRows(setting.short).find(r => r.group === 'cnn')
  if (row === undefined) return []
  const lines: string[] = []
  for (const [name, emit] of choices) {
    try {
      const { median, least } = await timeRow(setting, row, precision, backend => void Object.assign(backend.services, { emit }))
      lines.push(`${row.name} ${precision}, convolutions as ${name}: ${median.toFixed(4)} / ${least.toFixed(4)} ms`)
    } catch (error) {
      lines.push(`${row.name} ${precision}, convolutions as ${name}: ${messageOf(error)}`)
    }
    console.log(lines.at(-1))
  }
  return lines
}

export async function convolutions(setting: Setting): Promise<Outcome> {
  const until = performance.now() + limit,
    { short } = setting,
    precisions = precisionsFor(short),
    lines: string[] = [],
    faults: string[] = [],
    data: Record<string, readonly Trial[]> = {}
  if (!short) for (const precision of precisions) lines.push(...(await steps(setting, precision)))
  const all = problems(short),
    backends = new Backends(setting),
    jobs = all.flatMap(problem => precisions.map((precision): Job => ({ precision, problem }))),
    tiles: Promise<Tiles>[] = []
  const begin = async ({ precision, problem }: Job): Promise<Tiles> => {
    const backend = await backends.of(precision),
      begun = tilesOf(backend, problem, tileWays(problem, backend.services.target), short)
    // Whoever waits hears of it.
    begun.compiled.catch(() => undefined)
    return begun
  }
  for (const [i, job] of jobs.entries()) {
    for (const next of jobs.slice(tiles.length, i + 1 + ahead)) tiles.push(begin(next))
    await Promise.allSettled(tiles)
    const results = await trials(backends, job, tiles[i] as Promise<Tiles>, () => begin(job), short, until)
    data[`${job.precision} ${job.problem.name}`] = results
    lines.push(...table(job, results))
    faults.push(...faultsOf(job.precision, job.problem.name, results))
  }
  await backends.dispose()
  const count = Object.values(data).reduce((sum, list) => sum + list.filter(t => t.problem === undefined).length, 0)
  const summary = `${count} ways of ${all.length} convolutions`
  return faults.length === 0 ? passed(summary, data, lines) : { ...failed(`${summary}; wrong: ${faults.join('; ')}`, lines), data }
}
