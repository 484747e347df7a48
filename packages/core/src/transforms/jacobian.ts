/** Whole Jacobians: jvp or vjp over a basis, vectorised. */
import { showAval } from '../aval.ts'
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { equal } from '../primitives/comparison.ts'
import { astype } from '../primitives/cast.ts'
import { iota } from '../primitives/iota.ts'
import { reshape } from '../primitives/reshape.ts'
import { zerosOf } from '../primitives/zeros.ts'
import type { Tensor } from '../tensor.ts'
import { type Structure, flattenTree, leafPaths, unflattenTree } from '../tree.ts'
import { type AnyFunction, checkArgnum, flatFunction, nameOf, parameterName } from './functions.ts'
import { jvp, named, vjp } from './grad.ts'
import type { Args, At } from './types.ts'
import { vmap } from './vmap.ts'

export interface JacobianOptions {
  /** The argument to differentiate by. Default 0. */
  readonly argnums?: number
}

/**
 * The type of a Jacobian: the result's tree with, in place of each tensor, the argument's tree of Jacobians, of shape
 * `[...result shape, ...argument shape]`. For one tensor by one tensor: a tensor.
 */
export type Jacobian<R, P> = R extends Tensor ? P : R extends string | null | undefined ? R : { readonly [K in keyof R]: Jacobian<R[K], P> }

/** The Jacobian by forward mode: one jvp for each element of the argument. For few inputs and many outputs. JAX: `jacfwd`. */
export function jacfwd<A extends Args, R, const O extends JacobianOptions = object>(
  f: (...args: A) => R,
  options?: O,
): (...args: A) => Jacobian<R, Argument<A, O>> {
  return named(`jacfwd(${nameOf(f)})`, (...args) => {
    const { g, leaves, structure, result } = byOneArgument('jacfwd', f, args, options)
    const columns = leaves.map((x, i) =>
      vmap(
        (t: Tensor) =>
          jvp(
            g,
            leaves,
            leaves.map((y, k) => (k === i ? t : zerosOf(y.aval))),
          )[1],
        { outAxes: -1 },
      )(basis(x)),
    )
    return assemble(
      result(),
      structure,
      (columns[0] ?? []).map((_, o) =>
        leaves.map((x, i) => {
          const column = columns[i]?.[o] as Tensor
          return reshape(column, [...column.shape.slice(0, -1), ...x.shape])
        }),
      ),
    )
  }) as (...args: A) => Jacobian<R, Argument<A, O>>
}

/** The Jacobian by reverse mode: one vjp for each element of the result. For many inputs and few outputs. JAX: `jacrev`. */
export function jacrev<A extends Args, R, const O extends JacobianOptions = object>(
  f: (...args: A) => R,
  options?: O,
): (...args: A) => Jacobian<R, Argument<A, O>> {
  return named(`jacrev(${nameOf(f)})`, (...args) => {
    const { g, leaves, structure, result } = byOneArgument('jacrev', f, args, options)
    const [outputs, pullback] = vjp(g, ...leaves)
    outputs.forEach((y, o) => {
      if (!isFloat(y.dtype))
        fail(
          'GradientError',
          `jacrev of ${nameOf(f)}: ${leafPaths(result(), 'the result')[o]} is ${showAval(y.aval)}, which has no derivative. Convert with astype('float32').`,
        )
    })
    const rows = outputs.map((y, o) => vmap((ct: Tensor) => pullback(outputs.map((z, k) => (k === o ? ct : zerosOf(z.aval)))))(basis(y)))
    return assemble(
      result(),
      structure,
      rows.map((row, o) =>
        leaves.map((x, i) => reshape((row as readonly Tensor[])[i] as Tensor, [...(outputs[o] as Tensor).shape, ...x.shape])),
      ),
    )
  }) as (...args: A) => Jacobian<R, Argument<A, O>>
}

/** The second derivatives of a scalar-valued function: forward over reverse. For one tensor of shape s the shape is `[...s, ...s]`. JAX: `hessian`. */
export function hessian<A extends Args, R, const O extends JacobianOptions = object>(
  f: (...args: A) => R,
  options?: O,
): (...args: A) => Jacobian<Jacobian<R, Argument<A, O>>, Argument<A, O>> {
  return named(`hessian(${nameOf(f)})`, jacfwd(jacrev(f, options), options) as (...args: readonly unknown[]) => unknown) as (
    ...args: A
  ) => Jacobian<Jacobian<R, Argument<A, O>>, Argument<A, O>>
}

type Argument<A extends Args, O> = At<A, O extends { readonly argnums: infer I } ? I : 0>

interface ByOneArgument {
  /** On the leaves of the argument. */
  readonly g: (...leaves: readonly Tensor[]) => readonly Tensor[]
  readonly leaves: readonly Tensor[]
  readonly structure: Structure
  readonly result: () => Structure
}

function byOneArgument(where: string, f: AnyFunction, args: readonly unknown[], options: JacobianOptions | undefined): ByOneArgument {
  const n = checkArgnum(where, checkOptions(where, options ?? {}, 'argnums').argnums ?? 0, args.length)
  const root = parameterName(f, n)
  const { leaves, structure } = flattenTree(args[n], root, true)
  const bad = leaves.findIndex(t => !isFloat(t.dtype))
  if (bad >= 0)
    fail(
      'GradientError',
      `${where} of ${nameOf(f)}: ${leafPaths(structure, root)[bad]} is ${showAval((leaves[bad] as Tensor).aval)}, which has no derivative. Convert with astype('float32').`,
    )
  const flat = flatFunction((x: never) => f(...(args.map((a, i) => (i === n ? x : a)) as never[])), [structure], 'the result')
  return { g: (...xs) => flat.call(...xs), leaves, structure, result: flat.out }
}

/** `[size, ...shape]`: one unit tensor for each element. */
function basis(x: Tensor): Tensor {
  const n = x.size
  const eye = astype(equal(iota([n, n]), iota([n, n], { axis: 1 })), x.dtype)
  return reshape(eye, [n, ...x.shape])
}

/** The result's tree of the argument's trees; `entries[o][i]`: result leaf o by argument leaf i. */
const assemble = (result: Structure, argument: Structure, entries: readonly (readonly Tensor[])[]): unknown =>
  unflattenTree(
    result,
    entries.map(row => unflattenTree(argument, row)),
  )
