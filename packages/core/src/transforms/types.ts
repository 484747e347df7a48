/** The types that transforms share. */
import type { Tensor } from '../tensor.ts'
import type { NotATensor, Settled } from '../tree.ts'

export type Args = readonly unknown[]
/** The positions of a tuple, as numbers. */
export type Index<A> = keyof A extends infer K ? (K extends `${infer N extends number}` ? N : never) : never

export interface GradOptions {
  /** The argument or arguments to differentiate by. Default 0. */
  readonly argnums?: number | readonly number[]
  /** The function returns `[loss, aux]`; aux is passed on and not differentiated. Default false. */
  readonly hasAux?: boolean
}
export type Out<O> = O extends { readonly hasAux: true } ? readonly [value: Tensor, aux: unknown] : Tensor
/** The type of argument `I`. */
export type At<A extends Args, I> = I extends number
  ? number extends I
    ? NotATensor<I, 'write argnums as a literal, or `as const`'>
    : I extends (number extends A['length'] ? number : Index<A>)
      ? Settled<A[I]>
      : NotATensor<I, 'argnums names no argument: count from 0'>
  : never
export type Wrt<A extends Args, O> = O extends { readonly argnums: infer I }
  ? I extends readonly number[]
    ? { readonly [K in keyof I]: At<A, I[K]> }
    : At<A, I>
  : At<A, 0>
export type WithAux<O, R, G> = O extends { readonly hasAux: true }
  ? R extends readonly [unknown, infer Aux]
    ? readonly [G, Aux]
    : never
  : G
