/** A tree as one vector, for algorithms that think in vectors: line searches, L-BFGS, Hessians of whole models. */
import { fail } from '../errors.ts'
import { showAval } from '../aval.ts'
import { astype, promoteOperands } from '../primitives/cast.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { ravel, reshape } from '../primitives/reshape.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { zerosOf } from '../primitives/zeros.ts'
import { aval } from '../aval.ts'
import type { Tensor } from '../tensor.ts'
import { flattenTree, unflattenTree } from '../tree.ts'

/**
 * All tensors of a tree in one vector, of their common dtype, and the function that turns such a vector back into a tree of the first one's shapes and
 * dtypes. JAX: `flatten_util.ravel_pytree`.
 */
export function ravelTree<T>(t: T): readonly [flat: Tensor, unravel: (flat: Tensor) => T] {
  const { leaves, structure } = flattenTree(t)
  const vectors = leaves.length === 0 ? [zerosOf(aval([0], 'float32'))] : promoteOperands('ravelTree', ...leaves).map(ravel)
  const flat = vectors.length === 1 ? (vectors[0] as Tensor) : concatenate(vectors)
  const unravel = (v: Tensor): T => {
    if (v.ndim !== 1 || v.size !== flat.size) fail('ShapeError', `unravel: expected ${showAval(flat.aval)}, got ${showAval(v.aval)}.`)
    let from = 0
    return unflattenTree(
      structure,
      leaves.map(x => astype(reshape(sliceAxis(v, from, (from += x.size)), x.shape), x.dtype)),
    ) as T
  }
  return [flat, unravel]
}
