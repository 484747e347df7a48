/** Options of a command line. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { CotangentError } from '@cotangent/core'

/** The option that all examples have, for their help. */
export const backendOption =
  '  --backend NAME      cpu, cuda, webgl (in a headless Chromium) or reference; several, separated by commas: the first that works (cpu)'

/** What `--backend` says. */
export const backendsOf = (text: string = 'cpu'): readonly string[] => text.split(',')

/** @throws ValueError in one line. */
export function readOptions<O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
): ReturnType<typeof parseArgs<{ options: O }>>['values'] {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (e) {
    // Node's message may have several lines with advice on dashes.
    return refuse(e instanceof Error ? (e.message.split(/[.\n]/)[0] as string) : String(e))
  }
}

export function refuse(why: string): never {
  throw new CotangentError('ValueError', `${why}. See --help.`)
}
