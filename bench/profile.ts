/**
 * Where the time of each row goes: `npx -y pnpm@12 bench:profile [part of a row's name] [--kernels]`, one Markdown line a row.
 *
 * - trace, compile: what the first call takes up to its kernels, and from there on (WebAssembly, first run), in a process that has warmed up;
 * - 1 thread, 2 threads: milliseconds of a later call, medians;
 * - products, packing, loops, other: the kernels of one call on one thread, by a clock around each phase of the compiled graphs;
 * - dispatch: the call on one thread less its kernels: handles, trees of arguments, allocation, lookup;
 * - sync: the call on two threads less half of it on one: barriers, what runs on one thread only, shared caches and memory;
 * - limit: for each kernel the longer of its products at the engine's peak of fused multiply-adds and its operands at the bandwidth of an
 *   addition of a million, both measured at the start; then the call on one thread as a multiple of it.
 */
import { parseArgs } from 'node:util'
import { type BufferId, type Kernel, type KernelGraph, readsOf, sizeOf, writesOf } from '@cotangent/core/kernel'
import { observeGraphs } from '../packages/core/src/backend/compile.ts'
import { measurePeak } from '../packages/backend-cpu/bench/peak.ts'
import { type PhaseTime, timePhases } from '../packages/backend-cpu/bench/phases.ts'
import { median } from './measuring.ts'
import { dataOf, rows, workloadOf } from './rows.ts'
import { type Workload, workloads } from './workloads.ts'

const data = dataOf()
const now = (): number => performance.now()

/** GFLOP/s and GB/s of one thread. */
interface Machine {
  readonly peak: number
  readonly bandwidth: number
}

/** Milliseconds of a call, after the calls that V8 needs to optimise it. */
function steady(w: Workload): number {
  const end = now() + 1500
  const times: number[] = []
  while (times.length < 20 || now() < end) {
    const start = now()
    w.run()
    times.push(now() - start)
    if (times.length >= 20 && times.length % 1000 === 0) times.splice(0, 500)
  }
  return median(times.slice(times.length >> 1))
}

const make = async (name: string, threads: number): Promise<Workload> => workloadOf(await workloads({ threads, data }), name)

interface Profile {
  readonly trace: number
  readonly compile: number
  readonly oneThread: number
  readonly twoThreads: number
  readonly phases: readonly Measured[]
}
interface Measured extends PhaseTime {
  readonly graph: KernelGraph
}

async function profile(name: string): Promise<Profile> {
  const w = await make(name, 1)
  const graphs: KernelGraph[] = []
  let lowered = 0
  observeGraphs(graph => {
    graphs.push(graph)
    lowered = now()
  })
  const start = now()
  w.run()
  const end = now()
  observeGraphs(null)
  const oneThread = steady(w)
  w.dispose?.()
  const two = await make(name, 2)
  const twoThreads = steady(two)
  two.dispose?.()
  const runs = Math.max(10, Math.min(2000, Math.round(300 / oneThread)))
  const phases = graphs.flatMap(graph => timePhases(graph, runs).map(p => ({ ...p, graph })))
  return { trace: lowered - start, compile: end - lowered - oneThread, oneThread, twoThreads, phases }
}

// ---- what kernels have to do

const flopsOf = (k: Kernel): number => (k.kind === 'contraction' ? 2 * sizeOf(k.extents) : 0)

function bytesOf(graph: KernelGraph, k: Kernel): number {
  const touched = new Set<BufferId>([...readsOf(k), ...writesOf(k)])
  const points = k.kind === 'loop' || k.kind === 'contraction' ? sizeOf(k.extents) : Infinity
  return [...touched].reduce((sum, b) => sum + 4 * Math.min(points, graph.buffers[b]?.size ?? 0), 0)
}

/** Milliseconds. */
const limitOf = ({ graph, kernel, last, calls }: Measured, { peak, bandwidth }: Machine): number =>
  last ? (calls * Math.max(flopsOf(kernel) / peak, bytesOf(graph, kernel) / bandwidth)) / 1e6 : 0

const kindOf = ({ kernel, last }: PhaseTime): 'products' | 'packing' | 'loops' | 'other' =>
  kernel.kind === 'contraction' ? (last ? 'products' : 'packing') : kernel.kind === 'loop' ? 'loops' : 'other'

// ---- the report

const columns = [
  'row',
  'trace',
  'compile',
  '1 thread',
  '2 threads',
  'products',
  'packing',
  'loops',
  'other',
  'dispatch',
  'sync',
  'limit',
  'times',
]
const digits = (x: number): string => (x >= 10 ? x.toFixed(1) : x >= 0.1 ? x.toFixed(2) : x.toFixed(4))

function report(name: string, p: Profile, machine: Machine): string {
  const spent = (kind: string): number => p.phases.filter(x => kindOf(x) === kind).reduce((sum, x) => sum + x.milliseconds, 0)
  const kinds = ['products', 'packing', 'loops', 'other'].map(spent)
  const dispatch = Math.max(0, p.oneThread - kinds.reduce((a, b) => a + b, 0))
  const limit = p.phases.reduce((sum, x) => sum + limitOf(x, machine), 0)
  const cells = [p.trace, p.compile, p.oneThread, p.twoThreads, ...kinds, dispatch, Math.max(0, p.twoThreads - p.oneThread / 2), limit]
  return `| ${[name, ...cells.map(digits), (p.oneThread / limit).toFixed(2)].join(' | ')} |`
}

function describe(x: Measured, machine: Machine): string {
  const { kernel, calls, milliseconds, graph } = x
  const shape = 'extents' in kernel ? `[${kernel.extents}${'parallel' in kernel ? ` | ${kernel.parallel}` : ''}]` : ''
  const rate = flopsOf(kernel) > 0 ? flopsOf(kernel) / 1e6 : bytesOf(graph, kernel) / 1e6
  return [
    milliseconds.toFixed(4).padStart(9),
    limitOf(x, machine).toFixed(4).padStart(9),
    `${((rate * calls) / milliseconds).toFixed(1)} ${flopsOf(kernel) > 0 ? 'GFLOP/s' : 'GB/s'}`.padStart(15),
    `${kindOf(x)} ${shape} x${calls}`,
  ].join('  ')
}

async function measureMachine(): Promise<Machine> {
  const add = await make('add_1m_eager', 1)
  return { peak: measurePeak(), bandwidth: (3 * 4 * (1 << 20)) / steady(add) / 1e6 }
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { kernels: { type: 'boolean', default: false } } })
const machine = await measureMachine()
console.log(`Node ${process.versions.node}: ${machine.peak.toFixed(1)} GFLOP/s, ${machine.bandwidth.toFixed(1)} GB/s on one thread\n`)
console.log(`| ${columns.join(' | ')} |\n|---|${'--:|'.repeat(columns.length - 1)}`)
for (const name of Object.keys(rows)) {
  if (!name.includes(positionals[0] ?? '')) continue
  const p = await profile(name)
  console.log(report(name, p, machine))
  if (values.kernels) for (const phase of p.phases) console.log(describe(phase, machine))
}
process.exit(0)
