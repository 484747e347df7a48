/** checkpoint for users, its policies, and the names that they know. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { checkpointP } from '../primitives/checkpoint.ts'
import { nameP, type NameParams } from '../primitives/checkpointName.ts'
import { type ContractParams, contractP } from '../primitives/contract.ts'
import { convolveP } from '../primitives/convolve.ts'
import { bind, bind1, isConcrete } from '../program/bind.ts'
import type { TensorLike, Tensor } from '../tensor.ts'
import { type TreeOf, flattenTree, unflattenTree } from '../tree.ts'
import { traceBody } from './control.ts'
import { flattenArguments, nameOf } from './functions.ts'
import type { Args } from './types.ts'

/** Are the results of this primitive, with these parameters, kept? Functions called by `jit` are seen through; loops are one primitive. */
export type CheckpointPolicy = (primitive: string, params: object) => boolean

export interface CheckpointOptions {
  /** Which primitives' results are kept although the rest is computed again. Default: none, `checkpointPolicies.nothingSaveable`. */
  readonly policy?: CheckpointPolicy
}

const isDot = (primitive: string): boolean => primitive === contractP.name || primitive === convolveP.name
const named = (primitive: string, params: object, has: (name: string) => boolean): boolean =>
  primitive === nameP.name && has((params as NameParams).name)

/** What to keep for the backward pass. JAX: `checkpoint_policies`. */
export const checkpointPolicies: {
  readonly nothingSaveable: CheckpointPolicy
  readonly everythingSaveable: CheckpointPolicy
  readonly dotsSaveable: CheckpointPolicy
  readonly dotsWithNoBatchDimsSaveable: CheckpointPolicy
  readonly saveOnlyTheseNames: (...names: readonly string[]) => CheckpointPolicy
  readonly saveAnyNamesButThese: (...names: readonly string[]) => CheckpointPolicy
  readonly saveFromBothPolicies: (a: CheckpointPolicy, b: CheckpointPolicy) => CheckpointPolicy
} = {
  nothingSaveable: () => false,
  everythingSaveable: () => true,
  /** Matrix products and convolutions. */
  dotsSaveable: isDot,
  /** Products with weights, not those of one example's values with each other (as in attention); and convolutions. */
  dotsWithNoBatchDimsSaveable: (primitive, params) =>
    isDot(primitive) && (primitive !== contractP.name || (params as ContractParams).lhsBatch.length === 0),
  /** What `checkpointName` gave one of these names. */
  saveOnlyTheseNames:
    (...names) =>
    (primitive, params) =>
      named(primitive, params, n => names.includes(n)),
  /** What `checkpointName` gave any other name. */
  saveAnyNamesButThese:
    (...names) =>
    (primitive, params) =>
      named(primitive, params, n => !names.includes(n)),
  /** What either of two policies keeps. */
  saveFromBothPolicies: (a, b) => (primitive, params) => a(primitive, params) || b(primitive, params),
}

/**
 * `x`, a tensor or a tree of them, by a name that policies of `checkpoint` know. What uses the result can be computed again from it. JAX: `checkpoint_name`.
 *
 * @example checkpoint(x => sin(checkpointName(costly(x), 'costly')), { policy: checkpointPolicies.saveOnlyTheseNames('costly') })
 */
export function checkpointName(x: TensorLike, name: string): Tensor
export function checkpointName<T extends TreeOf<T>>(x: T, name: string): T
export function checkpointName(x: unknown, name: string): unknown {
  if (typeof name !== 'string') fail('ValueError', `checkpointName: the name must be a string, got ${typeof name}.`)
  const { leaves, structure } = flattenTree(x, 'x', true)
  return unflattenTree(
    structure,
    leaves.map(t => (isConcrete([t]) ? t : bind1(nameP, [t], { name }))),
  )
}

/**
 * `f`, whose intermediate values are computed again in the backward pass instead of being kept: less memory, one more forward computation. The
 * results and gradients are those of `f`. JAX: `checkpoint` (remat).
 */
export function checkpoint<A extends Args, R>(f: (...args: A) => R, options: CheckpointOptions = {}): (...args: A) => R {
  const { policy = checkpointPolicies.nothingSaveable } = checkOptions('checkpoint', options, 'policy')
  const name = nameOf(f)
  return (...args) => {
    const flat = flattenArguments(f, args)
    const leaves = flat.flatMap(t => t.leaves)
    const { program, captured, out } = traceBody(
      f,
      flat.map(t => t.structure),
      leaves.map(t => t.aval),
      `checkpoint of ${name}`,
    )
    return unflattenTree(out, bind(checkpointP, [...captured, ...leaves], { program, name, policy })) as R
  }
}
