/** Optimisers as optax has them: pairs of pure functions that turn gradients into updates, and compose. */
import type { Monoid } from 'fp-ts/lib/Monoid.js'
import { type Tensor, add, tree } from '@cotangent/core'
import { checkPairs, keepFloat } from '../checks.ts'

/** How an optimiser's state follows from the parameters' type `P` (a type-level function: `StateFor<Adam, Params>`). */
export interface StateOf {
  readonly P: unknown
  readonly S: unknown
}
export type StateFor<F extends StateOf, P> = (F & { readonly P: P })['S']

/** What a few optimisers ask for besides gradients. optax: extra arguments. */
export interface ExtraArguments<P> {
  /** The loss of this step, a scalar: `reduceOnPlateau`. */
  readonly value?: Tensor
  /** The loss as a function of the parameters alone: `lbfgs` with a line search, `sam`, `sophia`. */
  readonly loss?: (params: P) => Tensor
}

/** Turns gradients into updates. Pure; one optimiser serves any parameters. */
export interface GradientTransformation<F extends StateOf> {
  init<P>(params: P): StateFor<F, P>
  update<P>(grads: P, state: StateFor<F, P>, params: P, extra?: ExtraArguments<P>): readonly [updates: P, state: StateFor<F, P>]
}
/** State that does not depend on the parameters' type. */
export interface Fixed<S> extends StateOf {
  readonly S: S
}
/** State that is a tree like the parameters. */
export interface LikeParams extends StateOf {
  readonly S: this['P']
}

/** The new parameters: `params + updates`, leaf by leaf, in the dtypes of the parameters. */
export function applyUpdates<P>(params: P, updates: P): P {
  const one = (p: Tensor, u: Tensor): Tensor => {
    checkPairs('applyUpdates', 'parameters', p, 'updates', u)
    return keepFloat(p, add(p, u))
  }
  return tree.map(one, params, updates as NoInfer<P>)
}

// The bound of inference: any transformation fits, and States recovers what it is.
// oxlint-disable-next-line no-explicit-any
type AnyTransformation = GradientTransformation<any>
type States<T, P> = { readonly [K in keyof T]: T[K] extends GradientTransformation<infer F> ? StateFor<F, P> : never }
export interface Chain<T> extends StateOf {
  readonly S: States<T, this['P']>
}

/** One after another: each gets the updates of the one before. The state is the tuple of theirs. */
export function chain<const T extends readonly AnyTransformation[]>(...transformations: T): GradientTransformation<Chain<T>> {
  return {
    init: <P>(params: P) => transformations.map(t => t.init(params)) as StateFor<Chain<T>, P>,
    update: <P>(grads: P, state: StateFor<Chain<T>, P>, params: P, extra?: ExtraArguments<P>) => {
      let updates = grads
      const states = transformations.map((t, i) => {
        const [next, s] = t.update(updates, (state as readonly unknown[])[i], params, extra)
        updates = next
        return s as unknown
      })
      return [updates, states as StateFor<Chain<T>, P>]
    },
  }
}

/** Changes nothing: the unit of `chain`. */
export const identity = (): GradientTransformation<Fixed<null>> => ({ init: () => null, update: (grads, state) => [grads, state] })

declare const opaqueBrand: unique symbol
interface OpaqueState {
  readonly [opaqueBrand]: true
}
export type Opaque = GradientTransformation<Fixed<OpaqueState>>
/** Forgets the state's type, so that optimisers can be folded. */
export const opaque = <F extends StateOf>(t: GradientTransformation<F>): Opaque => t as unknown as Opaque

/**
 * Optimisers under `chain`. The laws hold for the updates; the nesting of the states differs.
 * @example
 * concatAll(monoid)([opaque(clipByGlobalNorm(1)), opaque(adam(1e-3))])
 */
export const monoid: Monoid<Opaque> = {
  empty: opaque(identity()),
  concat: (a, b) => opaque(chain(a, b)),
}
