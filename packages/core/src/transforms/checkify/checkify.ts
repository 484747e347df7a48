/** checkify for users. */
import type { Tensor } from '../../tensor.ts'
import { checkOptions } from '../../options.ts'
import { insertIndexChecks } from '../../primitives/indexChecks.ts'
import { withTraceModes } from '../../program/modes.ts'
import { unflattenTree } from '../../tree.ts'
import { traceBody } from '../control.ts'
import { flattenArguments, nameOf } from '../functions.ts'
import { named } from '../grad.ts'
import type { Args } from '../types.ts'
import { CheckedError } from './error.ts'
import { noError, runChecked } from './run.ts'
import { type CheckSet, kindsOf, sitesOf } from './sites.ts'

export interface CheckifyOptions {
  /** What is checked. Default: `['user']`, the calls of `check`. */
  readonly errors?: readonly CheckSet[]
}

/**
 * `f` with its checks as a value: returns `[error, result]` and throws nothing. `error.get()` is the message of the first check that failed, or null;
 * `error.throw()` throws it. The checks are compiled with the rest, so that it works under `jit`, `vmap` and `grad`, and `f` may use all of them. JAX: `checkify`.
 *
 * @example
 * const [error, y] = jit(checkify(f, { errors: ['float'] }))(x)
 * error.throw()
 */
export function checkify<A extends Args, R>(
  f: (...args: A) => R,
  options: CheckifyOptions = {},
): (...args: A) => readonly [error: CheckedError, result: R] {
  const { errors = ['user'] } = checkOptions('checkify', options, 'errors')
  const kinds = kindsOf(errors)
  const name = nameOf(f)
  return named(`checkify(${name})`, (...args) => {
    const flat = flattenArguments(f, args)
    const leaves = flat.flatMap(t => t.leaves)
    const modes = { lines: true, ...(kinds.has('index') && { indices: insertIndexChecks }) }
    const { program, captured, out } = withTraceModes(modes, () =>
      traceBody(
        f,
        flat.map(t => t.structure),
        leaves.map(t => t.aval),
        `checkify of ${name}`,
      ),
    )
    const sites = sitesOf(program, kinds)
    const { outputs, state } = runChecked(program, [...captured, ...leaves], noError(sites.flatMap(s => s.types)), 0, kinds)
    const error = new CheckedError(
      state.code,
      state.values,
      sites.map(s => s.site),
    )
    return [error, unflattenTree(out, outputs as readonly Tensor[])] as const
  }) as (...args: A) => readonly [CheckedError, R]
}
