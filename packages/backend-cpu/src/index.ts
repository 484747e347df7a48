/** `@cotangent/backend-cpu`: tensors on the CPU, for Node and browsers. */
import { type Backend, fail } from '@cotangent/core/kernel'
import { CpuBackend } from './backend.ts'
import { emitKernel } from './kernels/emit.ts'
import { availableCores, canShareMemory, prepareEnvironment } from './runtime/environment.ts'
import { hasFusedMultiplyAdd, pairsVectors, requireSimd } from './runtime/features.ts'
import { findLiveness } from './runtime/liveness.ts'
import { Memory } from './runtime/memory.ts'
import { memory as tuned } from './tuning.ts'
import { Pool } from './workers/pool.ts'

export interface CpuOptions {
  /** In all, the calling one included. Default: one a core. More than 1 needs SharedArrayBuffer (in a browser: a cross-origin isolated page). */
  readonly threads?: number
  /**
   * Bytes of unreachable tensors that may gather inside one synchronous task before they are searched for.
   * @default 512 MiB
   */
  readonly memoryBudget?: number
  /**
   * The most that all tensors together may take, in bytes; at most 4 GiB. A browser does not tell which tensors are unreachable before the
   * current task ends, so there the ones not used for longest move to ordinary ArrayBuffers when this is reached.
   * @default 4 GiB in Node, 2 GiB in browsers
   */
  readonly memoryLimit?: number
  /** Fused multiply-add: false gives the same bits on machines that lack it, and is slower. @default where the machine has it */
  readonly fma?: boolean
  /**
   * 256-bit vectors in matrix products and convolutions: almost twice as fast on an x64 processor with AVX2 in Node 26 or newer, elsewhere
   * nothing. `true` turns V8's `--experimental-wasm-revectorize` on, which V8 calls experimental and which goes for all WebAssembly that this
   * process compiles from then on. @default where Node was started with that flag
   */
  readonly wide?: boolean
  /** False: do not use SharedArrayBuffer (then there is one thread). @default where it is available */
  readonly shared?: boolean
  /** Told what the user should know, such as worker threads that could not start. @default nobody */
  readonly report?: (message: string) => void
}

const page = 65536

/** Opens the backend. Rejects with a BackendError that says what this engine lacks, or with a ConfigError that lists all options out of range. */
export async function cpu(options: CpuOptions = {}): Promise<Backend> {
  checkOptions(options)
  await prepareEnvironment()
  requireSimd()
  const shared = options.shared !== false && canShareMemory()
  const fma = options.fma !== false && hasFusedMultiplyAdd()
  const liveness = findLiveness()
  const limit = options.memoryLimit ?? (liveness === undefined ? 2 : 4) * 2 ** 30
  const memory = new Memory({ shared, maximumPages: Math.floor(limit / page) })
  return new CpuBackend({
    memory,
    fma,
    wide: fma && pairsVectors(options.wide),
    memoryBudget: options.memoryBudget ?? tuned.budget,
    liveness,
    emit: emitKernel,
    runner: new Pool({ memory, threads: shared ? (options.threads ?? availableCores()) : 1, report: options.report }),
  })
}

/** What `init({ backend: [...] })` takes from those who bundle. */
export const backend: { readonly name: 'cpu'; readonly load: (options: { readonly threads?: number }) => Promise<Backend> } = {
  name: 'cpu',
  load: ({ threads }) => cpu(threads === undefined ? {} : { threads }),
}

/** Many more than any machine has cores for: a slip, which would start that many workers. */
const mostThreads = 256

function checkOptions(options: CpuOptions): void {
  if (typeof options !== 'object' || options === null) fail('ConfigError', `cpu: options are an object, got ${String(options)}.`)
  const problems = Object.entries(options).flatMap(([name, value]) => {
    const rule = rules.get(name)
    if (rule === undefined) return [`no option "${name}" (there are ${[...rules.keys()].join(', ')})`]
    return value === undefined || rule.holds(value) ? [] : [`${name} is ${rule.text}, got ${shown(value)}`]
  })
  if (problems.length > 0) fail('ConfigError', `cpu: ${problems.join('; ')}.`)
}

interface Rule {
  readonly text: string
  readonly holds: (value: unknown) => boolean
}
const flag: Rule = { text: 'true or false', holds: value => typeof value === 'boolean' }
const rules: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    threads: {
      text: `an integer from 1 to ${mostThreads}`,
      holds: n => Number.isInteger(n) && (n as number) >= 1 && (n as number) <= mostThreads,
    },
    memoryBudget: { text: 'a positive number of bytes', holds: n => typeof n === 'number' && n > 0 },
    memoryLimit: { text: 'between 1 MiB and 4 GiB (in bytes)', holds: n => typeof n === 'number' && n >= 2 ** 20 && n <= 2 ** 32 },
    fma: flag,
    wide: flag,
    shared: flag,
    report: { text: 'a function', holds: value => typeof value === 'function' },
  } satisfies Record<keyof CpuOptions, Rule>),
)
const shown = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value))
