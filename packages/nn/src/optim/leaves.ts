/** Parts of trees: leaves by their paths. */
import { type Tensor, tree } from '@cotangent/core'

/** Which parameters: by path (`blocks[2].kernel`) and value, of which shape and dtype are known. */
export type LeafFilter = (path: string, leaf: Tensor) => boolean
/** Tensors by path. */
export type Leaves = Readonly<Record<string, Tensor>>

/** The leaves of a tree that a filter takes, by path. */
export function pick(t: unknown, filter: LeafFilter): Leaves {
  const paths = tree.paths(t)
  return Object.fromEntries(tree.leaves(t).flatMap((leaf, i) => (filter(paths[i] as string, leaf) ? [[paths[i] as string, leaf]] : [])))
}

/** The tree with other leaves at the paths of `leaves`. */
export function put<P>(t: P, leaves: Leaves): P {
  const paths = tree.paths(t)
  const flat = tree.flatten(t)
  return tree.unflatten(
    flat.structure,
    flat.leaves.map((leaf, i) => leaves[paths[i] as string] ?? leaf),
  ) as P
}

/** `f` of corresponding leaves and their path. */
export function mapPaths<P>(f: (path: string, leaf: Tensor, other: Tensor) => Tensor, t: P, other: P): P {
  const paths = tree.paths(t)
  let i = 0
  return tree.map((a: Tensor, b: Tensor) => f(paths[i++] as string, a, b), t, other as NoInfer<P>)
}
