/**
 * Every error the library throws on purpose. The message says what happened, where, with which shapes or values, and what to do.
 * `kind` is the tag of the union: `switch (error.kind)` is exhaustive.
 */
export type ErrorKind =
  | 'ShapeError' // shapes, axes or sizes that do not fit
  | 'DTypeError' // a dtype that is unknown or not accepted here
  | 'TreeError' // a tree of another structure, or a leaf that is no tensor
  | 'ValueError' // an argument outside its range
  | 'GradientError' // not differentiable: non-scalar loss, integer input, a primitive without this rule
  | 'TracerError' // a traced value used where its number is needed, or after its trace ended
  | 'DisposedError' // a tensor used after dispose()
  | 'ConfigError' // invalid options of init
  | 'BackendError' // a backend that cannot be loaded or refused a program
  | 'InternalError' // a broken invariant of the library itself: please report

export class CotangentError extends Error {
  override readonly name: ErrorKind
  readonly kind: ErrorKind

  constructor(kind: ErrorKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.kind = kind
    this.name = kind
  }
}

/** Raises a typed error: `fail('ShapeError', 'matmul: ...')`. */
export function fail(kind: ErrorKind, message: string, cause?: unknown): never {
  throw new CotangentError(kind, message, cause === undefined ? undefined : { cause })
}

/** States an invariant of the library itself. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) fail('InternalError', `${message}. This is a fault in Cotangent: please report it.`)
}
