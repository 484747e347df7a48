import { showLine, type UserLine, userLine } from './userLine.ts'

/**
 * Every error the library throws on purpose. The message says what happened, where, with which shapes or values, and what to do, and ends with the
 * user's own line. `kind` is the tag of the union: `switch (error.kind)` is exhaustive.
 */
export type ErrorKind =
  | 'ShapeError' // shapes, axes or sizes that do not fit
  | 'DTypeError' // a dtype that is unknown or not accepted here
  | 'TreeError' // a tree of another structure, or a leaf that is no tensor
  | 'ValueError' // an argument outside its range
  | 'GradientError' // not differentiable: non-scalar loss, integer input, a primitive without this rule
  | 'TracerError' // a traced value used where its number is needed, or after its trace ended
  | 'CheckError' // a check of the user or of a debug mode did not hold
  | 'DisposedError' // a tensor used after dispose()
  | 'ConfigError' // invalid options of init
  | 'BackendError' // a backend that cannot be loaded or refused a program
  | 'InternalError' // a broken invariant of the library itself: please report

export class CotangentError extends Error {
  override readonly name: ErrorKind
  readonly kind: ErrorKind
  /** The message without the line. */
  readonly summary: string
  /** The user's line that ran: the innermost one outside the library. Undefined where the stack does not tell, as in a bundle of one file. */
  readonly line: UserLine | undefined

  constructor(kind: ErrorKind, message: string, options?: { readonly cause?: unknown }) {
    const line = userLine()
    super(line === undefined ? message : `${message}\n  at ${showLine(line)}`, options)
    this.kind = kind
    this.name = kind
    this.summary = message
    this.line = line
  }
}

/** Raises a typed error: `fail('ShapeError', 'matmul: ...')`. */
export function fail(kind: ErrorKind, message: string, cause?: unknown): never {
  throw new CotangentError(kind, message, cause === undefined ? undefined : { cause })
}

/** What went wrong, for a message that contains it. */
export const reasonOf = (error: unknown): string =>
  error instanceof CotangentError ? error.summary : error instanceof Error ? error.message : String(error)

/**
 * What `body` gives. Errors that it throws in the name of a function that `where` is made of begin with `where`, which is the name that the caller
 * knows: `linspace: add: shapes ... do not broadcast`.
 */
export function inNameOf<T>(where: string, body: () => T): T {
  try {
    return body()
  } catch (e) {
    if (!(e instanceof CotangentError) || e.summary.startsWith(`${where}:`)) throw e
    throw new CotangentError(e.kind, `${where}: ${e.summary}`, { cause: e })
  }
}

/** States an invariant of the library itself. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) fail('InternalError', `${message}. This is a fault in Cotangent: please report it.`)
}

/** What a caller without types passed, in a word. */
export function described(x: unknown): string {
  if (typeof x === 'string') return `'${x}'`
  if (typeof x === 'function') return 'a function'
  if (typeof x !== 'object' || x === null) return String(x)
  if (Array.isArray(x)) return `[${x.map(described).join(', ')}]`
  const { name = 'Object' } = (Object.getPrototypeOf(x) as { readonly constructor?: { readonly name?: string } } | null)?.constructor ?? {}
  return name === 'Object' ? 'an object' : `a ${name}`
}
