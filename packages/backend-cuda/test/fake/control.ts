/** Steers the fake driver of this process and reads what it saw. Modes, failures and counters belong to the process, not to a test. */
import { createRequire } from 'node:module'
import { type BuiltFake, buildFake } from './build.ts'

/** Modes; the doc comments say what the default does. FAKE_CUDA_THREADS=reverse in the environment is `threads: 'reverse'`, and so on. */
export interface Settings {
  /** In which order the threads of a block run between barriers. Default forward. */
  readonly threads: Order
  readonly blocks: Order
  /** Of the orders that are shuffled. */
  readonly seed: number
  /** Fresh and freed device memory and fresh shared memory hold NaN. Default 1. */
  readonly poison: 0 | 1
  /** Red zones around allocations, checked after each launch and when memory is freed. Default 1. */
  readonly redzones: 0 | 1
  /** Allocations end at a page that nobody may touch: an access outside is an illegal address. Default 0. */
  readonly guard: 0 | 1
  /** Streams run at once. Default 0: when somebody waits. */
  readonly eager: 0 | 1
  /** Launches and products are counted and not run. Default 0. */
  readonly noop: 0 | 1
  /** `programs` has the texts of what is compiled from now on. Default 0. */
  readonly keep: 0 | 1
  /** Milliseconds before each operation of a stream. */
  readonly delay: number
  /** How often an event that nobody waits for says "not ready" before its stream starts. Default 2. */
  readonly polls: number
  /** Bytes of a device. Default 2^30. */
  readonly memory: number
  /** Allocations fail once so many bytes were asked for, counted from when this is set. */
  readonly failAfter: number
  readonly devices: number
  /** Of the driver: 13000 is 13.0. */
  readonly version: number
  /** 90 is 9.0. */
  readonly capability: number
  readonly multiprocessors: number
  readonly compilerVersion: number
  /** 'auto': tcc where there is one. */
  readonly compiler: 'auto' | 'tcc' | 'g++'
  /** More flags for the compiler: `undefinedBehavior` or `addressErrors`. */
  readonly flags: string
  /** The folder of compiled programs. */
  readonly cache: string
}

/** Flags for g++ by which undefined behaviour of a kernel, misaligned vectors too, is a failure that names the line. */
export const undefinedBehavior = '-fno-wrapv -fsanitize=undefined,float-cast-overflow -fsanitize-undefined-trap-on-error'

/** Flags for g++ by which an access outside of a buffer ends the process with a report. libasan.so must be preloaded. */
export const addressErrors = '-fsanitize=address -fno-omit-frame-pointer'

export type Order = 'forward' | 'reverse' | 'shuffle'

export interface Launched {
  readonly name: string
  readonly grid: readonly [number, number, number]
  /** [1, 1, 1] for a product, whose grid is [rows, columns, batch]. */
  readonly block: readonly [number, number, number]
}

export interface Fake {
  /** The path to open as each of the NVIDIA libraries. */
  readonly library: string
  set(settings: Partial<Settings>): void
  /**
   * The call number `nth` of a function from now on, 1 the next one, returns `status` and does nothing, and so do those after it if `times` says so.
   * `kernel` is the running of a kernel or product, after which the context is lost; `*` is any function.
   */
  fail(name: string, nth: number, status: number, times?: number): void
  /** Modes as in the environment, no failures to come, counters and log empty. */
  reset(): void
  /** How often each function was called, and all together. */
  calls(): Readonly<Record<string, number>>
  total(): number
  /** What is alive, by class. */
  live(): Readonly<Record<string, number>>
  /** The last 100,000 launches that ran. */
  log(): readonly Launched[]
  /** Texts that were compiled, each once, since `keep` was set. */
  programs(): readonly string[]
  /** What the first failure was: kernel, line, reason. Empty if there was none. */
  failure(): string
  /** Looks for writes outside of allocations. */
  check(): string
}

/** The fake driver, built if need be. `without`: symbols that it lacks. */
export async function openFake(without: readonly string[] = []): Promise<Fake> {
  return steer(await buildFake(without))
}

function steer({ library, control }: BuiltFake): Fake {
  const call = createRequire(import.meta.url)(control) as (library: string, command: string) => string
  const ask = (command: string): unknown => {
    const answer: unknown = JSON.parse(call(library, command))
    if (typeof answer === 'object' && answer !== null && 'error' in answer) throw new Error(`fake cuda: ${String(answer.error)}`)
    return answer
  }
  return {
    library,
    set: settings => Object.entries(settings).forEach(([name, value]) => ask(`set ${name} ${value}`)),
    fail: (name, nth, status, times = 1) => void ask(`fail ${name} ${nth} ${status} ${times}`),
    reset: () => void ask('reset'),
    calls: () => ask('calls') as Record<string, number>,
    total: () => ask('total') as number,
    live: () => ask('live') as Record<string, number>,
    log: () => ask('log') as Launched[],
    programs: () => ask('programs') as string[],
    failure: () => ask('failure') as string,
    check: () => ask('check') as string,
  }
}
