/** Lloyd's algorithm, begun as k-means++ does: Arthur and Vassilvitskii 2007. One compiled program: a scan over choices, then one over rounds. */
import {
  type Key,
  type Tensor,
  argmin,
  expandDims,
  jit,
  log,
  matmul,
  maximum,
  mean,
  min,
  minimum,
  random,
  scan,
  square,
  sum,
  take,
  where,
  zeros,
} from '@cotangent/core'
import { oneHot } from '@cotangent/nn'

/** Squared distances of the rows of x `[n, d]` from those of y `[k, d]`: `[n, k]`. */
const distances = (x: Tensor, y: Tensor): Tensor =>
  maximum(
    expandDims(sum(square(x), { axis: 1 }), 1)
      .sub(matmul(x, y.transpose()).mul(2))
      .add(sum(square(y), { axis: 1 })),
    0,
  )

/** `k` rows, far from each other: each is drawn with a probability in proportion to its squared distance from those before. */
function farApart(x: Tensor, k: number, key: Key): Tensor {
  const n = x.shape[0] as number
  const [, chosen] = scan(
    (nearest: Tensor, step: Key) => {
      const row = expandDims(take(x, random.categorical(step, log(nearest.add(1e-12))), { axis: 0 }), 0)
      return [minimum(nearest, distances(x, row).reshape([n])), row.reshape([-1])] as const
    },
    zeros([n]).add(1e6),
    random.splitBatch(key, k),
  )
  return chosen
}

export interface Clusters {
  /** `[k, d]` */
  readonly centres: Tensor
  /** Mean squared distance from the nearest centre, by round. */
  readonly spread: Tensor
}

/** `k` clusters of the rows of x `[n, d]`. A cluster that loses all its rows stays where it was. */
export const kMeans = (k: number, rounds: number): ((x: Tensor, key: Key) => Clusters) =>
  jit((x: Tensor, key: Key): Clusters => {
    const round = (centres: Tensor): readonly [Tensor, Tensor] => {
      const d = distances(x, centres),
        members = oneHot(argmin(d, { axis: 1 }), k)
      const counts = expandDims(sum(members, { axis: 0 }), 1)
      const means = matmul(members.transpose(), x).div(maximum(counts, 1))
      return [where(counts.greater(0), means, centres), mean(min(d, { axis: 1 }))]
    }
    const [centres, spread] = scan((c: Tensor) => round(c), farApart(x, k, key), null, { length: rounds })
    return { centres, spread }
  })

/** Which centre is nearest: `[n]`. */
export const nearest = jit((x: Tensor, centres: Tensor): Tensor => argmin(distances(x, centres), { axis: 1 }))

/** Share of examples that have the label most frequent in their cluster. */
export function purity(clusters: ArrayLike<number>, labels: ArrayLike<number>): number {
  const counts = new Map<number, Map<number, number>>()
  for (let i = 0; i < clusters.length; i++) {
    const own = counts.get(clusters[i] as number) ?? new Map<number, number>()
    counts.set(clusters[i] as number, own.set(labels[i] as number, (own.get(labels[i] as number) ?? 0) + 1))
  }
  return [...counts.values()].reduce((total, own) => total + Math.max(...own.values()), 0) / clusters.length
}
