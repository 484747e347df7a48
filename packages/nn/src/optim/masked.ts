/** Transformations of some of the parameters. */
import { type Tensor, tree } from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import { setToZero } from './clip.ts'
import { type LeafFilter, type Leaves, pick, put } from './leaves.ts'
import type { Fixed, GradientTransformation, StateFor, StateOf } from './transformation.ts'

/**
 * The transformation for the parameters that `filter` takes; the updates of others stay as they come. Its state is a tree like the parameters by path,
 * and a loss that it asks for is one of these parameters alone.
 * @example
 * chain(masked(addDecayedWeights(1e-4), (path, leaf) => leaf.ndim > 1), adam(1e-3))
 */
export function masked<F extends StateOf>(
  inner: GradientTransformation<F>,
  filter: LeafFilter,
): GradientTransformation<Fixed<StateFor<F, Leaves>>> {
  return {
    init: params => inner.init(pick(params, filter)),
    update: (grads, state, params, extra = {}) => {
      const own = pick(params, filter)
      const { loss, ...rest } = extra
      const [updates, next] = inner.update(
        pick(grads, path => path in own),
        state,
        own,
        loss === undefined ? rest : { ...rest, loss: leaves => loss(put(params, leaves)) },
      )
      return [put(grads, updates), next]
    },
  }
}

/** No updates for the parameters that `filter` takes. Last in a chain: `chain(adam(1e-3), freeze(path => path.startsWith('stem')))`. */
export const freeze = (filter: LeafFilter): GradientTransformation<Fixed<null>> => masked(setToZero(), filter)

// The bound of inference: any transformation fits.
// oxlint-disable-next-line no-explicit-any
type Transformations = Readonly<Record<string, GradientTransformation<any>>>
export type PartitionState<T> = { readonly [K in keyof T]: T[K] extends GradientTransformation<infer F> ? StateFor<F, Leaves> : never }

/**
 * A transformation for each part of the parameters: `label` gives its name. optax: `partition`, `multi_transform`.
 * @example
 * partition({ body: adam(1e-4), head: adam(1e-2), fixed: setToZero() }, path => (path.startsWith('head') ? 'head' : 'body'))
 * @throws ValueError when there is no transformation of a name.
 */
export function partition<const T extends Transformations>(
  transformations: T,
  label: (path: string, leaf: Tensor) => keyof T,
): GradientTransformation<Fixed<PartitionState<T>>> {
  const names = Object.keys(transformations)
  const parts = names.map(name => masked(transformations[name] as GradientTransformation<Fixed<unknown>>, (p, l) => label(p, l) === name))
  return {
    init: params => {
      checkLabels(params, names, label as (path: string, leaf: Tensor) => string)
      return Object.fromEntries(names.map((name, i) => [name, parts[i]?.init(params)])) as PartitionState<T>
    },
    update: (grads, state, params, extra) => {
      let updates = grads
      const next = parts.map((part, i) => {
        const [u, s] = part.update(updates, state[names[i] as keyof T], params, extra)
        updates = u
        return [names[i] as string, s] as const
      })
      return [updates, Object.fromEntries(next) as PartitionState<T>]
    },
  }
}

function checkLabels(params: unknown, names: readonly string[], label: (path: string, leaf: Tensor) => string): void {
  const leaves = tree.leaves(params)
  tree.paths(params).forEach((path, i) => {
    const name = label(path, leaves[i] as Tensor)
    if (!names.includes(name))
      fail('ValueError', `partition: ${path} has the label '${name}', but the transformations are ${names.join(', ')}.`)
  })
}
