/** `@cotangent/backend-cuda`: tensors on NVIDIA GPUs, for Node on x64 Linux. */
import { type Backend, fail } from '@cotangent/core/kernel'
import type { Precision } from './command.ts'
import { findLibraries, type LibraryPaths } from './runtime/libraries.ts'
import { loadAddon } from './runtime/load.ts'

export type { Precision } from './command.ts'
export type { LibraryPaths } from './runtime/libraries.ts'

export interface CudaOptions {
  /** Which GPU, as the driver counts them (CUDA_VISIBLE_DEVICES chooses and orders them). @default 0 */
  readonly device?: number
  /**
   * How float32 products and convolutions are computed: by float32 units, or several times as fast by tensor cores from operands rounded to 10
   * ('tf32') or 7 ('bf16') bits of fraction. Sums are float32 in any case.
   * @default 'float32'
   */
  readonly precision?: Precision
  /**
   * Bytes of device memory, that kept for reuse included. Node does not tell which tensors are unreachable before the current task ends, so
   * when this is reached the ones not used for longest move to ordinary arrays.
   * @default 90 % of the device's memory, or what the driver gives
   */
  readonly memoryBudget?: number
  /** Waits for every kernel, which is slow, names the one that failed, and refuses NaN in results. @default false */
  readonly debug?: boolean
  /**
   * The folder for compiled programs, or false for none. Nobody else may be able to write to it. What was not used for longest is removed beyond
   * 256 MiB, or after 90 days.
   * @default `~/.cache/cotangent/cuda`
   */
  readonly cache?: string | false
  /** Where NVIDIA's libraries are, if they are not found: names or paths that are tried first. */
  readonly libraries?: LibraryPaths
}

/** Opens the backend. Rejects with a BackendError that says what this machine lacks, or with a ConfigError that lists all options out of range. */
export async function cuda(options: CudaOptions = {}): Promise<Backend> {
  checkOptions(options)
  const { device = 0, precision = 'float32', debug = false, cache, libraries = {} } = options
  const opened = loadAddon().open(findLibraries(libraries), device)
  if (opened.device === undefined) return fail('BackendError', `cuda: ${opened.reason}`)
  // Who has no GPU waits for none of this.
  const { CudaBackend } = await import('./backend.ts'),
    { defaultFolder, isOpenToOthers } = await import('./runtime/cacheFolder.ts')
  if (typeof cache === 'string' && isOpenToOthers(cache)) {
    opened.device.close()
    return fail('ConfigError', `cuda: others can write to the cache folder ${cache}, and so decide what runs: chmod go-w, or take another.`)
  }
  return new CudaBackend({
    device: opened.device,
    precision,
    debug,
    memoryBudget: options.memoryBudget ?? Math.floor(0.9 * opened.device.properties.memory),
    cache: cache === false ? undefined : (cache ?? defaultFolder()),
    compiler: opened.nvrtc.library ?? '',
  })
}

/** What `init({ backend: [...] })` takes from those who bundle. */
export const backend: { readonly name: 'cuda'; readonly load: (options: { readonly threads?: number }) => Promise<Backend> } = {
  name: 'cuda',
  load: () => cuda(),
}

interface Rule {
  readonly text: string
  readonly holds: (value: unknown) => boolean
}

const precisions: readonly unknown[] = ['float32', 'tf32', 'bf16'] satisfies Precision[]
/** Control characters would cut the path for the system, or the line that says what is wrong with it. */
const isPath = (value: unknown): boolean => typeof value === 'string' && /^\P{Cc}+$/u.test(value)
const isPaths = (value: unknown): boolean => isPath(value) || (Array.isArray(value) && value.every(isPath))
const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
const libraryNames: readonly string[] = ['cuda', 'nvrtc', 'cublasLt', 'cudnn'] satisfies (keyof LibraryPaths)[]

const rules: Readonly<Record<keyof CudaOptions, Rule>> = {
  device: { text: 'an integer from 0, below 2^31', holds: n => Number.isInteger(n) && (n as number) >= 0 && (n as number) < 2 ** 31 },
  precision: { text: "'float32', 'tf32' or 'bf16'", holds: p => precisions.includes(p) },
  memoryBudget: { text: 'at least 4 MiB (in bytes)', holds: n => typeof n === 'number' && n >= 4 * 2 ** 20 },
  debug: { text: 'true or false', holds: value => typeof value === 'boolean' },
  cache: { text: 'a folder or false', holds: value => value === false || isPath(value) },
  libraries: {
    text: `an object of names or paths by ${libraryNames.join(', ')}`,
    holds: value => isRecord(value) && Object.entries(value).every(([k, v]) => libraryNames.includes(k) && (v === undefined || isPaths(v))),
  },
}

function checkOptions(options: CudaOptions): void {
  if (!isRecord(options)) fail('ConfigError', `cuda: options are an object, got ${shown(options)}.`)
  const problems = Object.entries(options).flatMap(([name, value]) => {
    const rule = Object.hasOwn(rules, name) ? rules[name as keyof CudaOptions] : undefined
    if (rule === undefined) return [`no option "${name}" (there are ${Object.keys(rules).join(', ')})`]
    return value === undefined || rule.holds(value) ? [] : [`${name} is ${rule.text}, got ${shown(value)}`]
  })
  if (problems.length > 0) fail('ConfigError', `cuda: ${problems.join('; ')}.`)
}

const shown = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value)
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object' && value !== null
        ? 'an object'
        : String(value)
