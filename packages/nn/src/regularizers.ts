/** Penalties on parameters, to add to a loss: `loss.add(l2(1e-4)(params))`. Over all tensors of a tree, or those that `filter` takes (usually `(path, leaf) => leaf.ndim > 1`). */
import { type Tensor, abs, add, array, multiply, square, sum } from '@cotangent/core'
import { atLeastFloat32 } from './checks.ts'
import { type LeafFilter, pick } from './optim/leaves.ts'

/** From a tree to a scalar. */
export type Regularizer = (params: unknown) => Tensor
export interface RegularizerOptions {
  readonly filter?: LeafFilter
}
const penalty =
  (f: (leaf: Tensor) => Tensor, { filter = () => true }: RegularizerOptions): Regularizer =>
  params =>
    Object.values(pick(params, filter)).reduce<Tensor>((total, leaf) => add(total, sum(f(atLeastFloat32(leaf)))), array(0))

/** `factor * sum |w|`. */
export const l1 = (factor: number, options: RegularizerOptions = {}): Regularizer => penalty(w => multiply(abs(w), factor), options)
/** `factor * sum w^2` (Keras; PyTorch's `weight_decay` is twice the factor). */
export const l2 = (factor: number, options: RegularizerOptions = {}): Regularizer => penalty(w => multiply(square(w), factor), options)
/** Both. */
export const l1l2 = (factor1: number, factor2: number, options: RegularizerOptions = {}): Regularizer =>
  penalty(w => add(multiply(abs(w), factor1), multiply(square(w), factor2)), options)
