/**
 * Ways to compute a convolution, timed without the latency of launches. What libraries do: many copies in one CUDA graph, by the host's clock. Tiles: all
 * in one program, which is compiled once, many copies of each by the clock of the device.
 */
import type { Buffer, Contraction, Kernel, KernelGraph, TypedArray } from '@cotangent/core/kernel'
import type { CudaBackend } from '../src/backend.ts'
import type { EmitKernel, LibraryCall } from '../src/command.ts'
import { Convolutions } from '../src/runtime/convolutions.ts'
import { CudaExecutable } from '../src/runtime/executable.ts'
import type { Plan } from '../src/runtime/libraryPlans.ts'
import { Plans } from '../src/runtime/plans.ts'
import { Products } from '../src/runtime/products.ts'
import { graphOf } from '../test/support/contractions.ts'
import type { Layout, Problem } from './convolution-problems.ts'
import type { Way } from './convolution-ways.ts'

export interface Trial {
  readonly way: string
  /** Of one computation. */
  readonly ms: number
  /** The largest difference of a result, to the size of its terms. */
  readonly error?: number
  /** Two runs gave other bits. */
  readonly differs?: true
  /** Of the libraries, in bytes. */
  readonly workspace?: number
  readonly kernels?: string
  /** It failed. */
  readonly problem?: string
}

/** Runs before the first that is timed: the second records a graph. */
const before = 3
const batches = 3
/** Milliseconds that are spent on one way. */
const patience = 300

/** About as many copies as take some milliseconds. */
const copiesOf = ({ work }: Problem, short: boolean): number => (short ? 2 : Math.max(8, Math.min(64, Math.round(16e9 / work))))

/** Plans that say what workspace they gave. */
class MeasuredPlans extends Plans {
  workspace = 0

  override take(call: LibraryCall): Plan {
    const plan = super.take(call)
    this.workspace = Math.max(this.workspace, plan.workspace)
    return plan
  }
}

export function measure(backend: CudaBackend, problem: Problem, way: Way, short: boolean): Trial {
  const { session, services } = backend,
    { emit, algorithm } = way,
    layout = way.channelsFirst ? problem.first : problem.last,
    graph = graphOf(layout.case),
    copies = copiesOf(problem, short)
  const repeated: KernelGraph = { ...graph, kernels: Array.from({ length: copies }, () => graph.kernels[0] as Kernel) },
    convolutions = new Convolutions(session, services.target.precision, algorithm === undefined ? undefined : () => algorithm),
    plans = new MeasuredPlans(new Products(session, services.target.precision), convolutions),
    executable = new CudaExecutable(repeated, { ...services, emit, plans })
  return withInputs(backend, layout, inputs => {
    const run = (): Buffer => executable.run(inputs)[0] as Buffer
    const times: number[] = []
    for (let spent = 0; times.length < before + batches && spent < patience; ) {
      const start = performance.now()
      backend.free(run())
      session.synchronize()
      const ms = performance.now() - start
      spent += ms
      times.push(ms / copies)
    }
    const results = way.partial ? [] : [readAndFree(backend, run()), readAndFree(backend, run())]
    executable.dispose()
    return {
      way: way.name,
      ms: Math.min(...times.slice(Math.min(before, times.length - 1))),
      workspace: plans.workspace,
      kernels: executable.names.join(' '),
      ...checked(results, layout),
    }
  })
}

/** All tiles of a problem. `compiled` says when `measure` need not wait for the compiler. */
export interface Tiles {
  readonly compiled: Promise<void>
  measure(): readonly Trial[]
}

export function tilesOf(backend: CudaBackend, problem: Problem, ways: readonly Way[], short: boolean): Tiles {
  const layout = problem.last,
    { buffers, contraction } = layout.case,
    copies = copiesOf(problem, short)
  const wayOf = new Map(ways.map((way, i): [Kernel, Way] => [storingIn(contraction, 2 + i), way])),
    emit: EmitKernel = (context, kernel) => {
      const commands = (wayOf.get(kernel) as Way).emit(context, kernel)
      return Array.from({ length: copies }, () => commands).flat()
    }
  const placed = buffers.map((b, index) => ({ ...b, place: { kind: 'input', index } as const })).slice(0, 2),
    results = ways.map((_, index) => ({ ...(buffers[2] as (typeof buffers)[number]), place: { kind: 'output', index } as const }))
  const graph: KernelGraph = {
    buffers: [...placed, ...results],
    inputs: [0, 1],
    outputs: results.map((_, i) => 2 + i),
    kernels: [...wayOf.keys()],
    arena: 0,
    donations: [-1, -1],
  }
  const times = ways.map(() => Infinity),
    ended = (i: number, ms = Infinity): void => void (i >= 0 && (times[i] = Math.min(times[i] as number, ms / copies)))
  const executable = new CudaExecutable(graph, { ...backend.services, emit }, ended)
  return {
    compiled: executable.ready(),
    measure: () =>
      withInputs(backend, layout, inputs => {
        const runs = Array.from({ length: batches }, () => executable.run(inputs).map(buffer => readAndFree(backend, buffer)))
        executable.dispose()
        return ways.map(({ name }, i) => ({
          way: name,
          ms: times[i] as number,
          ...checked(
            runs.map(r => r[i] as TypedArray),
            layout,
          ),
        }))
      }),
  }
}

const storingIn = (contraction: Contraction, buffer: number): Contraction => ({
  ...contraction,
  stores: contraction.stores.map(store => ({ ...store, buffer })),
})

function withInputs<T>(backend: CudaBackend, { data }: Layout, f: (inputs: readonly Buffer[]) => T): T {
  const inputs = data.slice(0, 2).map(d => backend.upload(d, 'float32'))
  try {
    return f(inputs)
  } finally {
    if (backend.session.isOpen) for (const input of inputs) backend.free(input)
  }
}

function readAndFree(backend: CudaBackend, buffer: Buffer): TypedArray {
  const values = backend.readSync(buffer)
  backend.free(buffer)
  return values
}

function checked([first, ...others]: readonly TypedArray[], { wanted }: Layout): Pick<Trial, 'error' | 'differs'> {
  if (first === undefined) return {}
  let error = 0
  for (const [i, { value, scale }] of wanted) error = Math.max(error, Math.abs((first[i] as number) - value) / Math.max(scale, 1e-30))
  const differs = others.some(other => other.some((x, i) => x !== first[i]))
  return { error, ...(differs && { differs }) }
}
