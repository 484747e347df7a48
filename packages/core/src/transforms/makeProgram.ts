/** What a function does, as data: its Program, or only the types of its results. */
import { type Aval, showAval } from '../aval.ts'
import type { DType } from '../dtype.ts'
import { printProgram } from '../program/print.ts'
import type { Program } from '../program/program.ts'
import { simplify } from '../program/simplify.ts'
import { trace } from '../program/trace.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import type { Settled } from '../tree.ts'
import { unflattenTree } from '../tree.ts'
import { type AnyFunction, flatFunction, flattenArguments, nameOf } from './functions.ts'
import type { Args } from './types.ts'

/** A Program that prints itself: `String(program)`. */
export type PrintableProgram = Program & { toString(): string }

/**
 * The Program of `f` for arguments like these; nothing is computed. Tensors that `f` closes over come first among its inputs. JAX: `make_jaxpr`.
 *
 * @example console.log(String(makeProgram(grad(f))(x)))
 */
export function makeProgram<A extends Args, R>(f: (...args: A) => R): (...args: A) => PrintableProgram {
  return (...args) => {
    const flat = flattenArguments(f, args)
    const g = flatFunction(
      f,
      flat.map(t => t.structure),
      'the result',
    )
    const { program } = trace(
      g.call,
      flat.flatMap(t => t.leaves.map(x => x.aval)),
      `makeProgram of ${nameOf(f)}`,
    )
    return printable(simplify(program))
  }
}

export const printable = (program: Program): PrintableProgram =>
  Object.defineProperty({ ...program }, 'toString', { value: () => printProgram(program), enumerable: false })

/** Shape and dtype without values. */
export class ShapeDType {
  readonly shape: Shape
  readonly dtype: DType
  private readonly aval: Aval

  constructor(aval: Aval) {
    this.shape = aval.shape
    this.dtype = aval.dtype
    this.aval = aval
  }
  toString(): string {
    return showAval(this.aval)
  }
}

/** The type of a tree in which every tensor is replaced by its shape and dtype. */
export type Shapes<T> =
  Settled<T> extends infer S
    ? S extends Tensor
      ? ShapeDType
      : S extends string | null | undefined
        ? S
        : { readonly [K in keyof S]: Shapes<S[K]> }
    : never

/** Shapes and dtypes of the result of `f`; nothing is computed. JAX: `eval_shape`. */
export function evalShape<A extends Args, R>(f: (...args: A) => R, ...args: A): Shapes<R> {
  const flat = flattenArguments(f as AnyFunction, args)
  const g = flatFunction(
    f as AnyFunction,
    flat.map(t => t.structure),
    'the result',
  )
  const { program } = trace(
    g.call,
    flat.flatMap(t => t.leaves.map(x => x.aval)),
    `evalShape of ${nameOf(f)}`,
  )
  return unflattenTree(
    g.out(),
    program.outputs.map(o => new ShapeDType(o.aval)),
  ) as Shapes<R>
}
