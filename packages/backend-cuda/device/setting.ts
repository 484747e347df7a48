/** What a run of the suite is told, and what its stages answer. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Precision } from '../src/command.ts'
import type { CudaOptions } from '../src/index.ts'

export interface Setting {
  /** The folder of the report. */
  readonly out: string
  /** Everything in a small form, for machines without a GPU, where kernels are emulated. */
  readonly short: boolean
  /** One file that stands for all of NVIDIA's libraries: the tests' fake driver. */
  readonly library: string | undefined
  /** MNIST's four files. */
  readonly data: string
  /** The addon's sources. */
  readonly native: string
  /** bench.py. */
  readonly peers: string
  readonly python: string
  /** Processes that share the op table. */
  readonly processes: number
  /** Cases that are drawn for each law. */
  readonly runs: number
  /** Of the drawn cases. */
  readonly seed: number
  /** Stages by name; none: all of them. */
  readonly only: readonly string[]
  /** Whose kernels are listed; none: those that say most. */
  readonly precisions: readonly Precision[]
}

/** What a stage answers; the report is made of these. */
export interface Outcome {
  readonly status: 'passed' | 'failed' | 'skipped'
  /** A line or two. */
  readonly summary: string
  /** What failed, or a table, a line each. */
  readonly details?: readonly string[]
  /** For report.json and for later parts of the report. */
  readonly data?: unknown
}

export const passed = (summary: string, data?: unknown, details?: readonly string[]): Outcome => ({
  status: 'passed',
  summary,
  ...(data !== undefined && { data }),
  ...(details !== undefined && { details }),
})
export const failed = (summary: string, details: readonly string[] = []): Outcome => ({ status: 'failed', summary, details })
export const skipped = (summary: string): Outcome => ({ status: 'skipped', summary })

const string = { type: 'string' } as const

const all: readonly Precision[] = ['float32', 'tf32', 'bf16']

function precisionOf(name: string): Precision {
  const precision = all.find(p => p === name)
  if (precision === undefined) throw new Error(`--precisions takes ${all.join(', ')}, not ${name}`)
  return precision
}

/** `main.ts --out DIR --data DIR --native DIR --peers FILE [--short] [--library FILE] [--only a,b] ...`; `stage` names the one to run in this process. */
export function readSetting(args: readonly string[]): Setting & { readonly stage: string | undefined } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: string,
      data: string,
      native: string,
      peers: string,
      python: string,
      library: string,
      only: string,
      precisions: string,
      processes: string,
      runs: string,
      seed: string,
      stage: string,
      short: { type: 'boolean' },
    },
  })
  const needed = (name: 'out' | 'data' | 'native' | 'peers'): string => {
    const value = values[name]
    if (value === undefined) throw new Error(`--${name} is missing`)
    return value
  }
  return {
    out: needed('out'),
    data: needed('data'),
    native: needed('native'),
    peers: needed('peers'),
    short: values.short === true,
    library: values.library,
    python: values.python ?? 'python3',
    processes: Number(values.processes ?? Math.min(8, Math.ceil(availableParallelism() / 2))),
    runs: Number(values.runs ?? 6),
    seed: Number(values.seed ?? Date.now() & 0x7fffffff),
    only: values.only?.split(',') ?? [],
    precisions: (values.precisions?.split(',') ?? []).map(precisionOf),
    stage: values.stage,
  }
}

/** The arguments that make the same setting in another process. */
export const argumentsOf = (s: Setting, stage: string): readonly string[] => [
  ...Object.entries({ ...pathsOf(s), processes: s.processes, runs: s.runs, seed: s.seed, stage }).flatMap(([name, value]) => [
    `--${name}`,
    `${value}`,
  ]),
  ...(s.short ? ['--short'] : []),
  ...(s.precisions.length === 0 ? [] : ['--precisions', s.precisions.join()]),
  ...(s.library === undefined ? [] : ['--library', s.library]),
]
const pathsOf = ({ out, data, native, peers, python }: Setting) => ({ out, data, native, peers, python })

/** How stages open the backend. Programs are compiled anew, so that times of first steps have that in them. */
export function cudaOptions({ library }: Setting, precision: Precision = 'float32'): CudaOptions {
  const libraries = library === undefined ? {} : { cuda: library, nvrtc: library, cublasLt: library, cudnn: library }
  return { precision, cache: false, libraries }
}
