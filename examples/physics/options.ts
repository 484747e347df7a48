/** The options of the command line. */
import { type CommonOptions, commonOptions, commonSpec, commonUsage, readOptions } from '../lib/host/options.ts'

export const usage = `physics [options]

${commonUsage}`

/** Reads the options; `null` when help is asked for. */
export function parseOptions(args: readonly string[]): CommonOptions | null {
  const values = readOptions(args, commonSpec)
  return values.help === true ? null : commonOptions('physics', values)
}
