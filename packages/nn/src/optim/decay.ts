/** Weight decay, and optimisers from a direction. */
import { type Tensor, type TensorLike, add, multiply, tree } from '@cotangent/core'
import { type LeafFilter, mapPaths } from './leaves.ts'
import { type LearningRate, against } from './rate.ts'
import type { Fixed, GradientTransformation, StateFor, StateOf } from './transformation.ts'

export interface DecayOptions {
  /** Factor of the parameters that is added to the direction. */
  readonly weightDecay?: TensorLike
  /** Which parameters decay: usually not biases and scales, `(path, leaf) => leaf.ndim > 1`. Default: all. */
  readonly mask?: LeafFilter
}

function decayed<P>(direction: P, params: P, { weightDecay = 0, mask }: DecayOptions): P {
  if (weightDecay === 0) return direction
  const both = (u: Tensor, p: Tensor): Tensor => add(u, multiply(p, weightDecay))
  return mask === undefined
    ? tree.map(both, direction, params as NoInfer<P>)
    : mapPaths((path, u, p) => (mask(path, p) ? both(u, p) : u), direction, params)
}

/** Adds `weightDecay * params` to what comes in: before an optimiser the gradient of `weightDecay / 2 |params|^2` (PyTorch's `weight_decay`). */
export function addDecayedWeights(
  weightDecay: TensorLike,
  options: Omit<DecayOptions, 'weightDecay'> = {},
): GradientTransformation<Fixed<null>> {
  return { init: () => null, update: (grads, state, params) => [decayed(grads, params, { ...options, weightDecay }), state] }
}

/** `updates = -rate * (direction + weightDecay * params)` for a rule that gives the direction and whose state counts. */
export function descend<F extends StateOf>(
  rate: LearningRate,
  rule: GradientTransformation<F>,
  decay: DecayOptions = {},
): GradientTransformation<F> {
  return {
    init: params => rule.init(params),
    update: <P>(grads: P, state: StateFor<F, P>, params: P) => {
      const [direction, next] = rule.update(grads, state, params)
      const { count } = state as { readonly count: Tensor }
      return [tree.map(against(rate, count), decayed(direction, params, decay)), next]
    },
  }
}
