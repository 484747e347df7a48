/** Options of a command line. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { CotangentError } from '@cotangent/core'
import type { ProgramOptions } from './run.ts'

/** The option that all examples have, for their help. */
export const backendOption =
  '  --backend NAME      cpu, cuda, webgl (in a headless Chromium) or reference; several, separated by commas: the first that works (cpu)'

/** What `--backend` says. */
export function backendsOf(text: string = 'cpu'): readonly string[] {
  const names = text.split(',').map(name => name.trim())
  const unknown = names.find(name => !BACKENDS.includes(name))
  return unknown === undefined
    ? names
    : refuse(`--backend: ${BACKENDS.join(', ')} or several of them, separated by commas; got "${unknown}"`)
}
const BACKENDS: readonly string[] = ['cpu', 'cuda', 'webgl', 'reference']

/** What examples that train have in common. */
export interface CommonOptions extends ProgramOptions {
  readonly seed: number
  /** Of the cpu backend. */
  readonly threads?: number
  /** A small part of the data and of the work: to see that it runs. */
  readonly fast: boolean
  /** A folder for plots and files. */
  readonly out: string
}

/** Their part of `readOptions`. */
export const commonSpec = {
  seed: { type: 'string' },
  backend: { type: 'string' },
  threads: { type: 'string' },
  out: { type: 'string' },
  fast: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** Their part of the help. */
export const commonUsage = `  --seed N            decides initial weights, order and everything random (0)
  --fast              a small part of the data and of the work: to see that it runs
  --out FOLDER        where plots and files go (a folder in the temporary folder)
${backendOption}
  --threads N         threads of the cpu backend (one a core)`

type Values = Readonly<Record<string, string | boolean | undefined>>

/** The common options of the example `name`, from what `readOptions` gives. Makes the folder for its files. */
export function commonOptions(name: string, values: Values): CommonOptions {
  const threads = integerOption(values, 'threads', 1)
  if (values['out'] === '') refuse('--out: needs the path of a folder')
  const out = stringOption(values, 'out') ?? join(tmpdir(), `cotangent-${name}`)
  const options = {
    seed: integerOption(values, 'seed', 0) ?? 0,
    backend: backendsOf(stringOption(values, 'backend')),
    ...(threads !== undefined && { threads }),
    fast: values['fast'] === true,
    out,
  }
  try {
    makeFolder(resolve(out))
  } catch (cause) {
    refuse(`--out: cannot make the folder ${out} (${cause instanceof Error ? cause.message.split(',')[0] : String(cause)})`)
  }
  return options
}

/** With those above it, one after another: `recursive` never ends where a file system refuses folders, as /proc does. */
function makeFolder(path: string): void {
  if (!existsSync(path)) {
    makeFolder(dirname(path))
    mkdirSync(path)
  }
  // Another run may have made it; a file in its place has no entries.
  readdirSync(path)
  accessSync(path, constants.W_OK)
}

export function stringOption(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** @throws ValueError when it is there and no integer, or too small. */
export function integerOption(values: Values, name: string, least: number): number | undefined {
  const text = stringOption(values, name),
    n = Number(text)
  if (text === undefined) return undefined
  return /^\d+$/.test(text) && n >= least && Number.isSafeInteger(n)
    ? n
    : refuse(`--${name}: an integer of at least ${least}, got "${text}"`)
}

/** @throws ValueError when it is there and no number above zero. */
export function positiveOption(values: Values, name: string): number | undefined {
  const text = stringOption(values, name),
    n = Number(text)
  if (text === undefined) return undefined
  return text.trim() !== '' && Number.isFinite(n) && n > 0 ? n : refuse(`--${name}: a number above 0, got "${text}"`)
}

/** One of some words; the first is the default. @throws ValueError when it is another. */
export function choiceOption<const C extends readonly [string, ...string[]]>(values: Values, name: string, choices: C): C[number] {
  const text = stringOption(values, name) ?? choices[0]
  const others = choices.length < 2 ? '' : `${choices.slice(0, -1).join(', ')} or `
  return choices.includes(text) ? text : refuse(`--${name}: ${others}${choices.at(-1)}, got "${text}"`)
}

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
