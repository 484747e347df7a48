/** The transpose of a linear function. */
import { isFloat } from '../dtype.ts'
import { showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { varyLike } from '../primitives/collective.ts'
import { zerosOf } from '../primitives/zeros.ts'
import { simplify } from '../program/simplify.ts'
import { trace } from '../program/trace.ts'
import { type Settled, checkSameStructure, flattenTree } from '../tree.ts'
import { checkSameTypes } from './control.ts'
import { flatFunction, flattenArguments, nameOf, unflattenAll } from './functions.ts'
import { backward } from './transpose.ts'
import type { Args } from './types.ts'

/**
 * The transpose of a function that is linear in all its arguments: takes a cotangent of the result to cotangents of the arguments. `primals` give only
 * types. Throws a GradientError when a primitive in it is not linear. JAX: `linear_transpose`.
 *
 * @example linearTranspose((x: Tensor) => matmul(a, x), x)(y) // [matmul(transpose(a), y)]
 */
export function linearTranspose<A extends Args, R>(
  f: (...args: A) => R,
  ...primals: A
): (cotangent: R) => { readonly [I in keyof A]: Settled<A[I]> } {
  const what = `linearTranspose of ${nameOf(f)}`
  const flat = flattenArguments(f, primals)
  const structures = flat.map(t => t.structure),
    avals = flat.flatMap(t => t.leaves.map(x => x.aval))
  const integer = avals.find(a => !isFloat(a.dtype))
  if (integer !== undefined)
    fail('GradientError', `${what}: an argument is ${showAval(integer)}: only functions of floats are linear. Close over it instead.`)
  const g = flatFunction(f, structures, 'the result')
  const { program, captured } = trace(g.call, avals, what)
  const linear = simplify(program),
    out = g.out()
  return cotangent => {
    const ct = flattenTree(cotangent, 'cotangent', true)
    checkSameStructure(`${what}: the cotangent is not like the result`, out, ct.structure, 'cotangent')
    checkSameTypes(
      `${what}: the cotangent is not like the result`,
      out,
      linear.outputs.map(o => o.aval),
      ct.leaves.map(t => t.aval),
      'cotangent',
    )
    const seeds = ct.leaves.map((t, i) => varyLike(t, (linear.outputs[i] as (typeof linear.outputs)[number]).aval))
    const cts = backward(linear, [...captured, ...avals.map(aval => ({ unknown: true as const, aval }))], seeds).slice(captured.length)
    return unflattenAll(
      structures,
      cts.map((t, i) => t ?? zerosOf(avals[i] as (typeof avals)[number])),
    ) as unknown as { readonly [I in keyof A]: Settled<A[I]> }
  }
}
