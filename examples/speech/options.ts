/** The options of the command line, and where the recordings are. */
import { type DataFile, findDataFile } from '../lib/data-files.ts'
import { type CommonOptions, commonOptions, commonSpec, commonUsage, integerOption, readOptions } from '../lib/host/options.ts'
import { WHAT } from './recordings.ts'

export const usage = `speech [options]

  --beams N           decoding of strings: sequences that a beam search keeps; 1 is the best path (1)
  --data PATH         fsdd-recordings.tar.gz or its folder (../shared/data beside the repository, or fetched)
${commonUsage}`

/** Archives of the same files differ, so the files in it are checked instead. */
const archive: DataFile = {
  what: WHAT,
  name: 'fsdd-recordings.tar.gz',
  url: 'https://codeload.github.com/Jakobovski/free-spoken-digit-dataset/tar.gz/refs/tags/v1.0.10',
}

export interface Options extends CommonOptions {
  readonly beams: number
  /** A path. */
  readonly data: string
}

/** Reads the options; `null` when help is asked for. */
export async function parseOptions(args: readonly string[]): Promise<Options | null> {
  const values = readOptions(args, { ...commonSpec, beams: { type: 'string' }, data: { type: 'string' } })
  if (values.help === true) return null
  return {
    ...commonOptions('speech', values),
    beams: integerOption(values, 'beams', 1) ?? 1,
    data: await findDataFile(archive, values.data),
  }
}
