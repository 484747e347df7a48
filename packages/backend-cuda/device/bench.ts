/** Our column of the comparison. */
import { init, jit, numpy as np, type Tensor } from '@cotangent/core'
import { workloads, type Workload } from '../../../bench/workloads.ts'
import type { CudaBackend } from '../src/backend.ts'
import type { Precision } from '../src/command.ts'
import { cuda } from '../src/index.ts'
import { Operation } from '../src/runtime/addon.ts'
import { Words } from '../src/runtime/words.ts'
import { dataFor, deviceRows, type DeviceRow, elementwiseSize, repetitions } from './rows.ts'
import { cudaOptions, type Outcome, type Setting } from './setting.ts'

/** What each library says of a row; times in milliseconds. */
export interface Timing {
  readonly row: string
  readonly precision: Precision
  readonly library: string
  /** The first step, with tracing and compilation. */
  readonly first: number
  readonly median: number
  readonly least: number
  /** Training: the losses before steps 1, 2 and 11. Else the number of elements of the result, its first and its last one. */
  readonly check: readonly number[]
  /** The row was not run, or gave up. */
  readonly problem?: string
}

type Times = Pick<Timing, 'first' | 'median' | 'least'>

function measure(work: Workload, synchronize: () => void, short: boolean): Times {
  const { before, batches, steps } = repetitions(short)
  const timed = (count: number): number => {
    const start = performance.now()
    for (let i = 0; i < count; i++) work.run()
    synchronize()
    return (performance.now() - start) / count
  }
  const first = timed(1)
  timed(before)
  const times = Array.from({ length: batches }, () => timed(steps)).sort((a, b) => a - b)
  return { first, median: times[Math.floor(batches / 2)] as number, least: times[0] as number }
}

export async function open(setting: Setting, precision: Precision): Promise<CudaBackend> {
  return (await cuda(cudaOptions(setting, precision))) as CudaBackend
}

/** A row's work, made anew at each call. */
export async function makerOf(row: DeviceRow, backend: CudaBackend): Promise<() => Workload> {
  const all = await workloads({ threads: 1, data: dataFor(row), backend: { name: 'cuda', load: async () => backend } })
  return () => (all[row.group] as NonNullable<(typeof all)[string]>)(row.spec, row.as)
}

/** `change`: what else the backend is to do. */
export async function timeRow(
  setting: Setting,
  row: DeviceRow,
  precision: Precision,
  change: (backend: CudaBackend) => void = () => undefined,
): Promise<Timing> {
  const backend = await open(setting, precision)
  change(backend)
  const make = await makerOf(row, backend)
  const work = make(),
    times = measure(work, () => backend.session.synchronize(), setting.short)
  work.dispose?.()
  const fresh = make(),
    check = await fresh.check()
  fresh.dispose?.()
  await backend.dispose()
  return { row: row.name, precision, library: 'cotangent', ...times, check }
}

/** Bytes that are read and written, a second, by the driver's own copy. */
function copyBandwidth({ session }: CudaBackend, bytes: number): number {
  const { device } = session,
    [from, to] = [device.allocate(bytes), device.allocate(bytes)]
  const words = new Words()
  for (const word of [0, to, from, bytes]) words.integer(word)
  words.head(0, Operation.copy)
  const milliseconds = device.time(words.finish().buffer, words.length, 10)
  device.release(from)
  device.release(to)
  return (2000 * bytes) / milliseconds
}

export interface Bandwidth {
  /** Bytes a second. */
  readonly copy: number
  readonly elementwise: number
}

async function elementwise(setting: Setting): Promise<readonly [Timing, Bandwidth]> {
  const backend = await open(setting, 'float32'),
    n = elementwiseSize(setting.short)
  await init({ backend: { name: 'cuda', load: async () => backend } })
  const copy = copyBandwidth(backend, 4 * n)
  const x = np.arange(n).mul(1 / n),
    y = x.add(1),
    f = jit((a: Tensor, b: Tensor) => np.tanh(a).mul(b).add(a))
  const times = measure({ run: () => f(x, y).dispose(), check: () => [] }, () => backend.session.synchronize(), setting.short)
  const ends = f(x, y).dataSync()
  await backend.dispose()
  const check = [n, ends[0] as number, ends[n - 1] as number]
  return [
    { row: 'elementwise', precision: 'float32', library: 'cotangent', ...times, check },
    { copy, elementwise: (12_000 * n) / times.median },
  ]
}

export interface Ours {
  readonly timings: readonly Timing[]
  readonly bandwidth: Bandwidth
}

export async function bench(setting: Setting): Promise<Outcome> {
  const timings: Timing[] = []
  for (const row of deviceRows(setting.short)) {
    for (const precision of row.precisions) {
      try {
        timings.push(await timeRow(setting, row, precision))
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error)
        timings.push({ row: row.name, precision, library: 'cotangent', first: NaN, median: NaN, least: NaN, check: [], problem })
      }
    }
  }
  const [timing, bandwidth] = await elementwise(setting)
  timings.push(timing)
  const part = (100 * bandwidth.elementwise) / bandwidth.copy
  const failures = timings.filter(t => t.problem !== undefined).map(t => `${t.row} ${t.precision}: ${t.problem}`)
  const data: Ours = { timings, bandwidth }
  return {
    status: failures.length === 0 ? 'passed' : 'failed',
    summary: `${timings.length} rows; elementwise work at ${part.toFixed(0)} % of the copy's ${(bandwidth.copy / 1e9).toFixed(0)} GB/s`,
    details: failures,
    data,
  }
}
