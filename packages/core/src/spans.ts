/** Where the library's own time goes. One recorder hears of it while `profile` runs; otherwise there is none, and a span costs a comparison. */
import type { Backend, Buffer, Steps } from './backend/backend.ts'
import type { Compiled } from './backend/compile.ts'

export type SpanKind = 'trace' | 'lower' | 'compile' | 'run' | 'read'

export interface Recorder {
  /** Records how long `body` takes; if it gives a promise, until that settles. */
  span<R>(kind: SpanKind, name: string, body: () => R): R
  /** Runs a compiled Program, kernel by kernel under a clock where the backend has one. */
  run(
    compiled: Compiled,
    backend: Backend,
    name: string,
    inputs: readonly Buffer[],
    donated: readonly boolean[] | undefined,
  ): readonly Buffer[]
}

let recorder: Recorder | null = null
export const currentRecorder = (): Recorder | null => recorder

/** Returns the one before. */
export function setRecorder(next: Recorder | null): Recorder | null {
  const before = recorder
  recorder = next
  return before
}

export const span = <R>(kind: SpanKind, name: string, body: () => R): R => (recorder === null ? body() : recorder.span(kind, name, body))

/** Each step as a span: the pauses between them are not the library's. */
export function* spanSteps<T>(kind: SpanKind, name: string, steps: Steps<T>): Steps<T> {
  try {
    for (;;) {
      const step = span(kind, name, () => steps.next())
      if (step.done === true) return step.value
      yield
    }
  } finally {
    steps.return(undefined as never) // where the work is given up
  }
}

/** What profiles have measured of a compiled Program. */
export interface KernelTimes {
  runs: number
  /** Milliseconds of the last runs, by the kernel's number. */
  readonly samples: readonly number[][]
}
const kept = 256
const times = new WeakMap<Compiled, KernelTimes>()
export const timesOf = (compiled: Compiled): KernelTimes | undefined => times.get(compiled)

/** Adds one run. */
export function addTimes(compiled: Compiled, milliseconds: readonly number[]): void {
  const known = times.get(compiled) ?? { runs: 0, samples: milliseconds.map(() => []) }
  times.set(compiled, known)
  known.runs++
  milliseconds.forEach((ms, i) => {
    const list = known.samples[i] as number[]
    list.push(ms)
    if (list.length > kept) list.shift()
  })
}

/** The median of a kernel's samples: the first runs are slower, since engines have yet to optimise their code. */
export function medianOf(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b),
    half = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[half] as number) : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2
}
