/** What became of a jitted function: its traces with the reason of each, the Programs, the kernels, their work and times, and the memory plan. */
import type { Backend } from './backend/backend.ts'
import type { Compiled } from './backend/compile.ts'
import { lowerFor } from './backend/compile.ts'
import { currentBackend } from './backend/current.ts'
import { programsBetween } from './backend/stepwise.ts'
import { knownProgram } from './backend/execute.ts'
import { fail } from './errors.ts'
import { costOf } from './lower/cost.ts'
import { bytesOf, type KernelGraph, type KernelKind } from './lower/kernel.ts'
import { kernelTexts, printBytes, printKernels } from './lower/print.ts'
import { printProgram } from './program/print.ts'
import { medianOf, timesOf } from './spans.ts'
import { type JitTrace, jitReport } from './transforms/jit.ts'

/** A kernel's work, estimated, and its time, if it was measured. */
export interface ExplainedKernel {
  readonly kind: KernelKind
  /** As in `kernels`, without its number. */
  readonly text: string
  /** Scalar operations that give floats; a multiplication and an addition are two. */
  readonly flops: number
  /** Moved between memory and processor if each element is moved once. */
  readonly bytes: number
  /** False for a loop whose rounds depend on values: `flops` and `bytes` are those of one round. */
  readonly bounded: boolean
  /** The median over profiled runs; undefined if there were none, or the backend does not time kernels. */
  readonly milliseconds: number | undefined
}

/** In bytes. */
export interface ExplainedMemory {
  readonly inputs: number
  readonly results: number
  readonly constants: number
  /** Intermediate values, as if each had memory of its own. */
  readonly temporaries: number
  /** What they take, since those that are not needed at the same time share memory. */
  readonly arena: number
  /** Buffers at the same place in the arena, one after another. */
  readonly shared: readonly { readonly offset: number; readonly buffers: readonly number[] }[]
  /** Inputs whose memory a result takes over when they are donated. */
  readonly donated: readonly { readonly input: number; readonly result: number }[]
}

export interface ExplainedTrace {
  /** `first call`, or what differed from the call before: `x changed from f32[2] to f32[3]`. */
  readonly reason: string
  /** The Program, as `makeProgram` prints it. */
  readonly program: string
  /** Kernels after fusion, with the memory plan, for the backend in use: a text for each part, where the function calls the host. */
  readonly kernels: string
  /** The same kernels one by one. */
  readonly work: readonly ExplainedKernel[]
  readonly memory: ExplainedMemory
  /** Runs in a `profile` so far. */
  readonly profiledRuns: number
  /** Kernels that the backend runs in another way than that text suggests: fallbacks, and what is done in parts. One line each. */
  readonly notes: readonly string[]
}
export interface Explanation {
  readonly name: string
  readonly calls: number
  readonly traces: readonly ExplainedTrace[]
  /** All of it, to print. */
  toString(): string
}

/**
 * Explains a function made by `jit`. It looks at what was traced so far and runs nothing; times are those of `profile`.
 * @throws ValueError for other functions.
 * @example
 * const f = jit((x: Tensor) => x.mul(2).add(1))
 * f(array([1, 2]))
 * console.log(String(explain(f)))
 */
export function explain(f: (...args: never[]) => unknown): Explanation {
  const report = jitReport(f)
  if (report === undefined)
    return fail('ValueError', `explain: ${f.name || 'the function'} was not made by jit. Pass what jit(f) returned.`)
  const backend = currentBackend()
  const traces = report.traces.map(trace => explainTrace(trace, backend))
  const head = `${report.name}: ${report.calls} call${report.calls === 1 ? '' : 's'}, ${traces.length} trace${traces.length === 1 ? '' : 's'}, backend ${backend.name}`
  const text = (): string => [head, ...traces.flatMap((t, i) => ['', `trace ${i + 1}: ${t.reason}`, ...print(t, backend)])].join('\n')
  return { name: report.name, calls: report.calls, traces, toString: text }
}

/** A function that calls the host is compiled in parts, which are explained one after another. */
function explainTrace({ reason, program, donated }: JitTrace, backend: Backend): ExplainedTrace {
  const parts = programsBetween(program).map(p => {
    const given = p === program ? donated : undefined
    const compiled = knownProgram(p, backend, given)
    return { compiled, graph: compiled?.graph ?? lowerFor(p, backend, given).graph }
  })
  return {
    reason,
    program: printProgram(program),
    kernels: parts.map(({ graph }) => printKernels(graph)).join('\n(a call of the host)\n'),
    work: parts.flatMap(({ graph, compiled }) => workOf(graph, compiled)),
    memory: parts.map(({ graph }) => memoryOf(graph)).reduce(addMemory, noMemory),
    profiledRuns: Math.max(0, ...parts.map(({ compiled }) => (compiled && timesOf(compiled)?.runs) ?? 0)),
    notes: parts.flatMap(({ graph }) => backend.notes?.(graph) ?? []),
  }
}

const noMemory: ExplainedMemory = { inputs: 0, results: 0, constants: 0, temporaries: 0, arena: 0, shared: [], donated: [] }
const addMemory = (a: ExplainedMemory, b: ExplainedMemory): ExplainedMemory => ({
  inputs: a.inputs + b.inputs,
  results: a.results + b.results,
  constants: a.constants + b.constants,
  temporaries: a.temporaries + b.temporaries,
  arena: Math.max(a.arena, b.arena),
  shared: [...a.shared, ...b.shared],
  donated: [...a.donated, ...b.donated],
})

function workOf(graph: KernelGraph, compiled: Compiled | undefined): readonly ExplainedKernel[] {
  const texts = kernelTexts(graph),
    samples = compiled && timesOf(compiled)?.samples
  return graph.kernels.map((kernel, i) => {
    const { flops, bytes, bounded } = costOf(kernel, graph.buffers),
      measured = samples?.[i]
    return {
      kind: kernel.kind,
      text: (texts[i] as readonly string[]).join('\n'),
      flops,
      bytes,
      bounded,
      milliseconds: measured && medianOf(measured),
    }
  })
}

function memoryOf({ buffers, arena, donations }: KernelGraph): ExplainedMemory {
  const bytesAt = (kind: 'input' | 'output' | 'constant' | 'temporary'): number =>
    buffers.reduce((sum, b) => sum + (b.place.kind === kind ? b.size * bytesOf(b.dtype) : 0), 0)
  const places = new Map<number, number[]>()
  buffers.forEach(({ size, place }, id) => {
    if (place.kind === 'temporary' && size > 0) places.set(place.offset, [...(places.get(place.offset) ?? []), id])
  })
  return {
    inputs: bytesAt('input'),
    results: bytesAt('output'),
    constants: bytesAt('constant'),
    temporaries: bytesAt('temporary'),
    arena,
    shared: [...places]
      .filter(([, list]) => list.length > 1)
      .map(([offset, list]) => ({ offset, buffers: list }))
      .sort((a, b) => a.offset - b.offset),
    donated: donations.flatMap((result, input) => (result >= 0 ? [{ input, result }] : [])),
  }
}

// ---- as text

const print = (t: ExplainedTrace, backend: Backend): readonly string[] => [
  t.program,
  '',
  t.kernels,
  ...t.notes,
  '',
  ...printWork(t, backend),
  ...printMemory(t.memory),
]

function printWork({ work, profiledRuns }: ExplainedTrace, backend: Backend): readonly string[] {
  const sum = (of: (k: ExplainedKernel) => number): number => work.reduce((s, k) => s + of(k), 0)
  const line = (name: string, flops: number, bytes: number, ms: number | undefined, what: string): string => {
    const rates = ms === undefined ? '' : `${ms.toFixed(3).padStart(10)} ${rate(flops, ms)} ${rate(bytes, ms)}`
    return `${name.padStart(5)} ${printCount(flops).padStart(9)} ${printBytes(bytes).padStart(10)}${rates}  ${what}`
  }
  const timed = profiledRuns > 0
  const all = line(
    'all',
    sum(k => k.flops),
    sum(k => k.bytes),
    timed ? sum(k => k.milliseconds ?? 0) : undefined,
    '',
  )
  return [
    ` work     flops      bytes${timed ? '        ms  GFLOP/s     GB/s' : ''}`,
    ...work.map(({ flops, bytes, bounded, milliseconds, text }, i) =>
      line(String(i), flops, bytes, milliseconds, `${text.split('\n')[0]}${bounded ? '' : ', each round'}`),
    ),
    all.trimEnd(),
    timed
      ? `times: medians of ${profiledRuns} profiled run${profiledRuns === 1 ? '' : 's'}`
      : backend.compileTimed === undefined
        ? `times: the ${backend.name} backend does not time kernels`
        : 'times: none yet, call it inside profile(() => ...)',
  ]
}

const rate = (amount: number, ms: number): string => (ms > 0 ? (amount / ms / 1e6).toPrecision(3) : '-').padStart(8)

/** `512`, `1.5 M`, `20 G`: four digits at most. */
function printCount(n: number): string {
  const units = ['', ' k', ' M', ' G', ' T']
  const unit = n < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(n) / 3))
  return `${Number((n / 1000 ** unit).toPrecision(4))}${units[unit]}`
}

function printMemory({ temporaries, arena, shared, donated }: ExplainedMemory): readonly string[] {
  const names = (ids: readonly number[]): string => ids.map(id => `b${id}`).join(', ')
  return [
    `memory: ${temporaries === 0 ? 'no temporaries' : `${printBytes(temporaries)} of temporaries in an arena of ${printBytes(arena)}`}`,
    ...shared.map(({ offset, buffers }) => `  ${names(buffers)} share the arena at ${offset}`),
    ...donated.map(({ input, result }) => `  result ${result} takes over input ${input}`),
  ]
}
