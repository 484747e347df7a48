/** The options of the command line, and where the text is. */
import { type DataFile, findDataFile } from '../lib/data-files.ts'
import {
  type CommonOptions,
  choiceOption,
  commonOptions,
  commonSpec,
  commonUsage,
  integerOption,
  positiveOption,
  readOptions,
} from '../lib/host/options.ts'
import { type ModelName, models } from './models.ts'

export const usage = `char-lm [options]

  --model NAME        the network: transformer or rnn (transformer)
  --steps N           steps of training (2000)
  --prompt TEXT       what the written text begins with (a line break)
  --length N          characters to write (500)
  --temperature T     below 1 the writing is tamer, above it wilder (0.8)
  --data PATH         tinyshakespeare.txt or its folder (../shared/data beside the repository, or fetched)
${commonUsage}`

const shakespeare: DataFile = {
  what: 'tiny Shakespeare',
  name: 'tinyshakespeare.txt',
  sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
  url: 'https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt',
}

export interface Options extends CommonOptions {
  readonly model: ModelName
  readonly steps: number
  readonly prompt: string
  /** Of what is written, in characters. */
  readonly length: number
  readonly temperature: number
  /** A path. */
  readonly data: string
}

const string = { type: 'string' } as const
const spec = { ...commonSpec, model: string, steps: string, prompt: string, length: string, temperature: string, data: string } as const

/** Reads the options; `null` when help is asked for. */
export async function parseOptions(args: readonly string[]): Promise<Options | null> {
  const values = readOptions(args, spec)
  if (values.help === true) return null
  const common = commonOptions('char-lm', values)
  return {
    ...common,
    model: choiceOption(values, 'model', models),
    steps: integerOption(values, 'steps', 1) ?? (common.fast ? 20 : 2000),
    prompt: values.prompt === undefined || values.prompt === '' ? '\n' : values.prompt,
    length: integerOption(values, 'length', 0) ?? (common.fast ? 20 : 500),
    temperature: positiveOption(values, 'temperature') ?? 0.8,
    data: await findDataFile(shakespeare, values.data),
  }
}
