/** Where the time of a piece of a program goes: what the host does, and each kernel, as a table and as a trace that browsers open. */
import type { Backend, Buffer, Executable, KernelEnded } from './backend/backend.ts'
import type { Compiled } from './backend/compile.ts'
import { kernelTexts } from './lower/print.ts'
import { addTimes, type Recorder, setRecorder, type SpanKind } from './spans.ts'

export interface ProfiledSpan {
  readonly kind: SpanKind | 'kernel'
  /** What was traced, run or read; of a kernel its number and the head of its text. */
  readonly name: string
  /** Milliseconds since the profile began. */
  readonly start: number
  readonly duration: number
  /** What runs beside the calling thread overlaps with other spans. */
  readonly asynchronous: boolean
  /** Of a kernel: the function that ran it. */
  readonly of?: string
}

/** An event as chrome://tracing and Perfetto read it; times in microseconds. */
export interface TraceEvent {
  readonly name: string
  readonly ph: 'X' | 'M' | 'b' | 'e'
  readonly pid: number
  readonly tid: number
  readonly ts?: number
  readonly dur?: number
  readonly cat?: string
  readonly id?: number
  readonly args?: Readonly<Record<string, string>>
}
export interface ChromeTrace {
  readonly traceEvents: readonly TraceEvent[]
  readonly displayTimeUnit: 'ms'
}

export interface Profile<R> {
  /** What the function returned. */
  readonly result: R
  readonly milliseconds: number
  /** In the order of their ends. */
  readonly spans: readonly ProfiledSpan[]
  /** Backends that ran something and do not time kernels: of theirs there are no spans, and a run's span may end before the device does. */
  readonly untimed: readonly string[]
  /** The trace-event format: `JSON.stringify(profile)` in a file opens in chrome://tracing and ui.perfetto.dev. */
  toJSON(): ChromeTrace
  /** A table, the longest first. */
  toString(): string
}

/**
 * Runs `body` and measures: tracing, lowering, compiling, runs, reads, and each kernel where the backend can time it (cpu and reference). There kernels run
 * under a clock, with a barrier after each, so a run is a little longer than without. Asynchronous runs are measured as a whole. What was
 * measured of a function made by `jit` also appears in `explain`. Call a function several times: first runs compile.
 *
 * @example
 * const p = await profile(() => { for (let i = 0; i < 20; i++) step(params, batch) })
 * console.log(String(p))
 * writeFileSync('trace.json', JSON.stringify(p))
 */
export async function profile<R>(body: () => R | Promise<R>): Promise<Profile<R>> {
  const recording = new Recording()
  const before = setRecorder(recording)
  try {
    const result = await body()
    const { spans, untimed } = recording,
      milliseconds = recording.now()
    return {
      result,
      milliseconds,
      spans,
      untimed: [...untimed],
      toJSON: () => chromeTrace(spans),
      toString: () => table(spans, milliseconds, untimed),
    }
  } finally {
    setRecorder(before)
    recording.dispose()
  }
}

/** An executable that calls `ended`. */
interface Timed {
  readonly executable: Executable
  readonly titles: readonly string[]
  ended: KernelEnded
}

class Recording implements Recorder {
  readonly spans: ProfiledSpan[] = []
  readonly untimed: Set<string> = new Set()
  private readonly begin = performance.now()
  private readonly timed: Map<Compiled, Timed | null> = new Map()

  now(): number {
    return performance.now() - this.begin
  }

  span<R>(kind: SpanKind, name: string, body: () => R): R {
    const start = this.now()
    let later = false
    try {
      const result = body()
      if (result instanceof Promise) {
        later = true
        const end = (): void => this.add(kind, name, start, true)
        result.then(end, end)
      }
      return result
    } finally {
      if (!later) this.add(kind, name, start)
    }
  }

  run(
    compiled: Compiled,
    backend: Backend,
    name: string,
    inputs: readonly Buffer[],
    donated: readonly boolean[] | undefined,
  ): readonly Buffer[] {
    const timed = this.timedFor(compiled, backend)
    if (timed === null) return this.span('run', name, () => compiled.executable.run(inputs, donated))
    const ends: number[] = [],
      measured: (number | undefined)[] = []
    timed.ended = (kernel, milliseconds) => {
      ends[kernel + 1] = this.now()
      measured[kernel + 1] = milliseconds
    }
    const results = this.span('run', name, () => timed.executable.run(inputs, donated))
    const milliseconds = timed.titles.map((title, i) => {
      const start = ends[i] as number,
        duration = measured[i + 1] ?? (ends[i + 1] as number) - start
      this.spans.push({ kind: 'kernel', name: title, start, duration, asynchronous: false, of: name })
      return duration
    })
    addTimes(compiled, milliseconds)
    return results
  }

  dispose(): void {
    for (const timed of this.timed.values()) timed?.executable.dispose()
  }

  private timedFor(compiled: Compiled, backend: Backend): Timed | null {
    const known = this.timed.get(compiled)
    if (known !== undefined) return known
    const made = this.compileTimed(compiled, backend)
    if (made === null) this.untimed.add(backend.name)
    this.timed.set(compiled, made)
    return made
  }

  private compileTimed({ graph }: Compiled, backend: Backend): Timed | null {
    if (backend.compileTimed === undefined) return null
    const titles = kernelTexts(graph).map(([head], i) => `${i}: ${head}`)
    const executable = this.span('compile', 'for measurement', () => backend.compileTimed?.(graph, (...end) => timed.ended(...end)))
    const timed: Timed = { executable: executable as Executable, titles, ended: () => {} }
    return timed
  }

  /** Steps of one piece of work that follow at once are one span. */
  private add(kind: SpanKind, name: string, start: number, asynchronous = false): void {
    const last = this.spans.at(-1),
      end = this.now()
    const follows = last?.kind === kind && last.name === name && !asynchronous && start - last.start - last.duration < 0.02
    if (follows && (kind === 'lower' || kind === 'compile')) this.spans[this.spans.length - 1] = { ...last, duration: end - last.start }
    else this.spans.push({ kind, name, start, duration: end - start, asynchronous })
  }
}

/** Host spans on one track, kernels on another; what overlaps as asynchronous events. */
function chromeTrace(spans: readonly ProfiledSpan[]): ChromeTrace {
  const host = 1,
    kernels = 2
  const micro = (ms: number): number => Math.round(ms * 1e6) / 1e3
  const track = (tid: number, name: string): TraceEvent => ({ name: 'thread_name', ph: 'M', pid: 1, tid, args: { name } })
  const events = spans.flatMap(({ kind, name, start, duration, asynchronous, of }, id): TraceEvent[] => {
    const event = { name: kind === 'kernel' ? name : `${kind} ${name}`, cat: kind, pid: 1, tid: kind === 'kernel' ? kernels : host }
    if (asynchronous)
      return [
        { ...event, ph: 'b', id, ts: micro(start) },
        { ...event, ph: 'e', id, ts: micro(start + duration) },
      ]
    return [{ ...event, ph: 'X', ts: micro(start), dur: micro(duration), ...(of === undefined ? {} : { args: { function: of } }) }]
  })
  return { traceEvents: [track(host, 'host'), track(kernels, 'kernels'), ...events], displayTimeUnit: 'ms' }
}

/** Most lines of a table. */
const lines = 20

function table(spans: readonly ProfiledSpan[], milliseconds: number, untimed: ReadonlySet<string>): string {
  const rows = new Map<string, { readonly label: string; calls: number; sum: number }>()
  for (const { kind, name, duration, of } of spans) {
    const label = `${kind.padEnd(8)} ${of === undefined ? name : `${of} ${name}`}`
    const row = rows.get(label) ?? { label, calls: 0, sum: 0 }
    row.calls++
    row.sum += duration
    rows.set(label, row)
  }
  const longest = [...rows.values()].sort((a, b) => b.sum - a.sum)
  return [
    `${milliseconds.toFixed(2)} ms; spans of the host contain those inside them`,
    '        ms  calls',
    ...longest.slice(0, lines).map(({ label, calls, sum }) => `${sum.toFixed(3).padStart(10)} ${String(calls).padStart(6)}  ${label}`),
    ...(longest.length > lines ? [`  and ${longest.length - lines} more`] : []),
    ...[...untimed].map(name => `the ${name} backend does not time kernels; its runs may go on after their spans`),
  ].join('\n')
}
