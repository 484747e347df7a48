/** Errors as values. */
import type { Either } from 'fp-ts/lib/Either.js'
import { CotangentError } from '../errors.ts'

/**
 * Runs `f`; the library's errors become `Left`. Others, which are faults of a program, are thrown as they are.
 * @example
 * attempt(() => matmul(x, w)) // Either<CotangentError, Tensor>
 */
export function attempt<A>(f: () => A): Either<CotangentError, A> {
  try {
    return { _tag: 'Right', right: f() }
  } catch (e) {
    if (e instanceof CotangentError) return { _tag: 'Left', left: e }
    throw e
  }
}
