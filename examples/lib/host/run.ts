/** Runs the program of an example where the backend that it asks for is: in this process, or for webgl in a page. */
import { CotangentError } from '@cotangent/core'
import { launchChromium } from '../../../scripts/browser.ts'
import { type Program, describeError, isMistake } from './host.ts'
import { nodeHost } from './node.ts'

/** What the options of all programs have in common. */
export interface ProgramOptions {
  /** The first that works is taken. */
  readonly backend: readonly string[]
}

/**
 * Runs the `main` of a module, in a page if the first backend of the list is webgl. Where there is no browser the list goes on.
 * @throws BackendError when it ends there, and what the program throws.
 */
export async function runProgram<O extends ProgramOptions>(program: URL, options: O): Promise<void> {
  const here = async (given: O): Promise<void> => {
    const { main } = (await import(program.href)) as { readonly main: Program<O> }
    await main(given, nodeHost)
  }
  const [first, ...others] = environment() ?? options.backend
  if (first !== 'webgl') return here(options)
  const browser = await launchChromium().catch((cause: unknown) => {
    const reason = `it runs in a browser. ${reasonOf(cause)}`
    if (others.length === 0) throw new CotangentError('BackendError', `webgl: ${reason}`, { cause })
    nodeHost.print(`webgl is not used: ${reason}`)
    return null
  })
  if (browser === null) return here({ ...options, backend: others })
  try {
    // Imported when it is needed: Vite takes a while.
    const { runHeadless } = await import('./headless.ts')
    await runHeadless(browser, program, { ...options, backend: [first, ...others] }, nodeHost)
  } finally {
    await browser.close()
  }
}

/** A page has no variables: this one has to be read here. */
const environment = (): readonly string[] | undefined =>
  (process.env['COTANGENT_BACKEND'] || undefined)?.split(',').map(name => name.trim())

/** The whole `main.ts` of an example: reads the command line (`parse` gives null when help is asked for, and may look for files), then runs `program.ts` beside it. */
export function runExample<O extends ProgramOptions>(
  main: string,
  usage: string,
  parse: (args: readonly string[]) => O | null | Promise<O | null>,
): Promise<void> {
  return command(async () => {
    const options = await parse(process.argv.slice(2))
    if (options === null) nodeHost.print(usage)
    else await runProgram(new URL('program.ts', main), options)
  })
}

/** The whole of a command: a mistake becomes a line and exit code 2, anything unexpected its whole story and exit code 1. */
export async function command(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (e) {
    nodeHost.printError(describeError(e))
    process.exitCode = isMistake(e) ? 2 : 1
  }
}

const reasonOf = (cause: unknown): string =>
  cause instanceof CotangentError ? cause.summary : cause instanceof Error ? cause.message : String(cause)
