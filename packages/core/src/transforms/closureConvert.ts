/** closureConvert: what a function closes over, as arguments. */
import { isFloat } from '../dtype.ts'
import { bind } from '../program/bind.ts'
import { evalProgram } from '../program/trace.ts'
import type { Tensor } from '../tensor.ts'
import { checkSameStructure, flattenTree, unflattenTree } from '../tree.ts'
import { traceBody } from './control.ts'
import { type AnyFunction, flattenArguments, nameOf, parameterName } from './functions.ts'
import type { Args } from './types.ts'

/**
 * Takes out of `f` the values that it closes over and that derivatives may be asked for: floats that an outer transform traces. Returns the function of the arguments
 * and of those, and their list. A function with a rule of its own (`customVjp`) can then pass them through it, where a closure could not. `args` give
 * only types, and later arguments must be like them. JAX: `closure_convert`.
 *
 * @example const [g, consts] = closureConvert((x: Tensor) => x.mul(w), x); solve(g, x, ...consts)
 */
export function closureConvert<A extends Args, R>(
  f: (...args: A) => R,
  ...args: A
): readonly [converted: (...args: readonly [...args: A, ...consts: Tensor[]]) => R, consts: readonly Tensor[]] {
  const where = `closureConvert of ${nameOf(f)}`
  const flat = flattenArguments(f as AnyFunction, args)
  const { program, captured, out } = traceBody(
    f as AnyFunction,
    flat.map(t => t.structure),
    flat.flatMap(t => t.leaves.map(x => x.aval)),
    where,
  )
  const taken = captured.map(t => 'trace' in t.value && isFloat(t.dtype))
  const converted = (...all: readonly unknown[]): R => {
    const given = all.slice(0, args.length).map((a, i) => flattenTree(a, parameterName(f as AnyFunction, i), true))
    given.forEach((t, i) =>
      checkSameStructure(
        `${where}: an argument is not like the first`,
        (flat[i] as (typeof flat)[number]).structure,
        t.structure,
        `argument ${i}`,
      ),
    )
    const consts = all.slice(args.length) as Tensor[]
    const inputs = captured.map((t, i) => (taken[i] ? (consts.shift() as Tensor) : t))
    return unflattenTree(out, evalProgram(program, [...inputs, ...given.flatMap(t => t.leaves)], bind)) as R
  }
  return [converted as never, captured.filter((_, i) => taken[i])]
}
