/** What was lived through lately, for methods that learn from it again and again: the oldest steps make room for new ones. */
import { type Key, type Tensor, lax, minimum, random, remainder, take, tree, zeros } from '@cotangent/core'
import { OBSERVATION } from './environment.ts'

/** Steps: `[n]`, observations `[n, 4]`. */
export interface ReplayBuffer {
  readonly observations: Tensor
  readonly actions: Tensor
  readonly nextObservations: Tensor
  readonly terminated: Tensor
}

export const emptyBuffer = (capacity: number): ReplayBuffer => ({
  observations: zeros([capacity, OBSERVATION]),
  actions: zeros([capacity], { dtype: 'int32' }),
  nextObservations: zeros([capacity, OBSERVATION]),
  terminated: zeros([capacity], { dtype: 'bool' }),
})

const capacityOf = ({ actions }: ReplayBuffer): number => actions.size

/** With fresh steps, after `seen` others (int32, `[]`) in parts of the same size, which divides the capacity. */
export function stored(buffer: ReplayBuffer, fresh: ReplayBuffer, seen: Tensor): ReplayBuffer {
  const start = remainder(seen, capacityOf(buffer))
  return tree.map(
    (old: Tensor, t: Tensor) => lax.dynamicUpdateSlice(old, t, [start, ...t.shape.slice(1).map(() => 0)]),
    buffer,
    fresh as NoInfer<ReplayBuffer>,
  )
}

/** `n` of the `seen` steps that are still there, at random. */
export function drawn(buffer: ReplayBuffer, seen: Tensor, key: Key, n: number): ReplayBuffer {
  const rows = random.randint(key, [n], 0, minimum(seen, capacityOf(buffer)))
  return tree.map((t: Tensor) => take(t, rows, { axis: 0 }), buffer)
}
