/** Choosing a backend: config -> Either<ConfigError, Config>, names -> TaskEither<BackendError, Loaded>, and `init`, a Promise, for everybody. */
// The types alone: programs that only call `init` need no fp-ts code in their bundle.
import type { Either } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { fail, reasonOf } from '../errors.ts'
import type { Backend } from './backend.ts'
import { setBackend } from './current.ts'
import { createFallback } from './fallback.ts'

export type BackendName = 'cuda' | 'webgl' | 'cpu' | 'reference'
const names: readonly BackendName[] = ['cuda', 'webgl', 'cpu', 'reference']

/** Options that backends understand. */
export interface BackendOptions {
  /** Threads of the cpu backend, the calling one included. Default: one a core. */
  readonly threads?: number
}

/** What the package of a backend exports as `backend`, for those who bundle: `init({ backend: [cpu] })`. */
export interface BackendLoader {
  readonly name: string
  readonly load: (options: BackendOptions) => Promise<Backend>
}

export interface InitConfig extends BackendOptions {
  /** The first that works is taken. A name is the package `@cotangent/backend-NAME`. Default: cuda, webgl, cpu, reference. */
  readonly backend?: BackendName | BackendLoader | readonly (BackendName | BackendLoader)[]
}

export interface ConfigError {
  readonly _tag: 'ConfigError'
  readonly problems: readonly { readonly path: string; readonly message: string }[]
}
export interface BackendError {
  readonly _tag: 'BackendError'
  readonly tried: readonly { readonly name: string; readonly reason: string }[]
}
export interface Loaded {
  readonly name: string
  readonly backend: Backend
  /** Backends that were asked for first and did not work, with the reason. */
  readonly skipped: BackendError['tried']
}

/** Each thread is a worker with a JavaScript engine of its own: a thousand of them would take all memory before anything is computed. */
const MOST_THREADS = 256

/** Validates options; all problems are listed. */
export function parseConfig(input: unknown): Either<ConfigError, InitConfig> {
  const problems: { path: string; message: string }[] = []
  const bad = (path: string, message: string): void => {
    problems.push({ path, message })
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    bad('', `init takes an options object such as { backend: ["cpu"] }, got ${show(input)}`)
  else {
    const config = input as Record<string, unknown>
    for (const key of Object.keys(config))
      if (key !== 'backend' && key !== 'threads') bad(key, 'unknown option; there are backend and threads')
    const { backend, threads } = config
    if (threads !== undefined && (!Number.isInteger(threads) || (threads as number) < 1))
      bad('threads', `a positive integer, got ${show(threads)}`)
    else if (threads !== undefined && (threads as number) > MOST_THREADS)
      bad('threads', `at most ${MOST_THREADS}, got ${show(threads)}; more threads than cores gain nothing`)
    const list = backend === undefined ? [] : Array.isArray(backend) ? backend : [backend]
    if (Array.isArray(backend) && backend.length === 0) bad('backend', 'names no backend')
    list.forEach((b: unknown, i) => {
      if (!isName(b) && !isLoader(b))
        bad(
          Array.isArray(backend) ? `backend[${i}]` : 'backend',
          `unknown backend ${show(b)}; there are ${names.join(', ')}, or pass the \`backend\` that a backend package exports`,
        )
    })
  }
  return problems.length > 0 ? left({ _tag: 'ConfigError', problems }) : right(input as InitConfig)
}

/** Loads the first backend that works and makes it the one in use. */
export function load(config: InitConfig): TaskEither<BackendError, Loaded> {
  return async () => {
    const tried: { name: string; reason: string }[] = []
    for (const wanted of wantedBackends(config)) {
      const name = typeof wanted === 'string' ? wanted : wanted.name
      const result = await loadOne(wanted, config)()
      if (result._tag === 'Right') {
        setBackend(result.right)
        return right({ name, backend: result.right, skipped: tried })
      }
      tried.push({ name, reason: result.left })
    }
    return left({ _tag: 'BackendError', tried })
  }
}

/**
 * Chooses the backend; call it once before computing. The variable COTANGENT_BACKEND (a name, or names separated by commas) overrides
 * `backend`.
 * @throws ConfigError for invalid options, BackendError when no backend works, with each one's reason.
 * @example
 * const { name, skipped } = await init({ backend: ['webgl', 'cpu'] })
 */
export async function init(config: InitConfig = {}): Promise<Loaded> {
  const valid = parseConfig(override(config))
  if (valid._tag === 'Left')
    return fail('ConfigError', `init: ${valid.left.problems.map(p => `${shownPath(p.path)}: ${p.message}`).join('; ')}.`)
  const loaded = await load(valid.right)()
  if (loaded._tag === 'Left') return fail('BackendError', `init: no backend works. ${loaded.left.tried.map(shownReason).join('; ')}.`)
  return loaded.right
}

/** Backends say their name first, and those of others may not. */
function shownReason({ name, reason }: BackendError['tried'][number]): string {
  const text = reason.replace(/\.$/, '')
  return text.startsWith(`${name}: `) ? text : `${name}: ${text}`
}

const left = <E>(e: E): Either<E, never> => ({ _tag: 'Left', left: e })
const right = <A>(a: A): Either<never, A> => ({ _tag: 'Right', right: a })
const show = (x: unknown): string => (typeof x === 'string' ? `"${x}"` : String(JSON.stringify(x)))
const isName = (x: unknown): x is BackendName => (names as readonly unknown[]).includes(x)
const isLoader = (x: unknown): x is BackendLoader =>
  typeof x === 'object' && x !== null && 'name' in x && 'load' in x && typeof x.load === 'function'

function wantedBackends(config: InitConfig): readonly (BackendName | BackendLoader)[] {
  const { backend } = config
  if (backend === undefined) return names
  return typeof backend === 'string' || !Array.isArray(backend) ? [backend as BackendName | BackendLoader] : backend
}

const environmentVariable = (): string | undefined =>
  (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.['COTANGENT_BACKEND'] || undefined

/** Where a problem is: the list of backends may come from the environment. */
const shownPath = (path: string): string =>
  path.startsWith('backend') && environmentVariable() !== undefined
    ? `${path} (from the environment variable COTANGENT_BACKEND)`
    : path || 'options'

function override(config: InitConfig): unknown {
  const variable = environmentVariable()
  if (variable === undefined || typeof config !== 'object' || config === null) return config
  return {
    ...config,
    backend: variable
      .split(',')
      .map(s => s.trim())
      .filter(s => s !== ''),
  }
}

const loadOne =
  (wanted: BackendName | BackendLoader, options: BackendOptions): TaskEither<string, Backend> =>
  async () => {
    try {
      if (typeof wanted !== 'string') return right(await wanted.load(options))
      return right(wanted === 'reference' ? createFallback() : await (await importBackend(wanted)).load(options))
    } catch (e) {
      return left(reasonOf(e))
    }
  }

/** The package name is computed, so that bundlers leave it alone: who bundles passes the backend itself. */
async function importBackend(name: BackendName): Promise<BackendLoader> {
  const specifier = `@cotangent/backend-${name}`
  const module = (await import(/* @vite-ignore */ specifier).catch(e => importFromProgram(specifier, e))) as { readonly backend?: unknown }
  if (!isLoader(module.backend)) throw new Error(`the package ${specifier} exports no \`backend\``)
  return module.backend
}

interface ModuleBuiltin {
  createRequire(from: string): { resolve(specifier: string): string }
}
interface UrlBuiltin {
  pathToFileURL(path: string): { readonly href: string }
}
interface NodeProcess {
  readonly argv: readonly string[]
  cwd(): string
  getBuiltinModule?(id: string): unknown
}

/** Strict package managers hide from core what only the program depends on: there, resolve as the program itself would. */
async function importFromProgram(specifier: string, error: unknown): Promise<unknown> {
  const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes(specifier)
  const node = (globalThis as { process?: NodeProcess }).process
  if (!missing || node?.getBuiltinModule === undefined) throw missing ? new Error(`the package ${specifier} is not installed`) : error
  const { createRequire } = node.getBuiltinModule('module') as ModuleBuiltin
  const { pathToFileURL } = node.getBuiltinModule('url') as UrlBuiltin
  for (const from of [node.argv[1], `${node.cwd()}/program`]) {
    let path: string
    try {
      path = createRequire(from ?? `${node.cwd()}/program`).resolve(specifier)
    } catch {
      continue
    }
    return import(/* @vite-ignore */ pathToFileURL(path).href)
  }
  throw new Error(`the package ${specifier} is not installed`)
}
