/** checkpoint for users. */
import { checkpointP } from '../primitives/checkpoint.ts'
import { contractP } from '../primitives/contract.ts'
import { convolveP } from '../primitives/convolve.ts'
import { bind } from '../program/bind.ts'
import { unflattenTree } from '../tree.ts'
import { traceBody } from './control.ts'
import { flattenArguments, nameOf } from './functions.ts'
import type { Args } from './types.ts'

export interface CheckpointOptions {
  /** Which primitives' results are kept although the rest is computed again. Default: none, `checkpointPolicies.nothing`. */
  readonly policy?: (primitive: string) => boolean
}

/** What to keep for the backward pass. JAX: `checkpoint_policies`. */
export const checkpointPolicies: {
  readonly nothing: (primitive: string) => boolean
  readonly everything: (primitive: string) => boolean
  readonly dots: (primitive: string) => boolean
} = {
  nothing: () => false,
  everything: () => true,
  /** Matrix products and convolutions. */
  dots: primitive => primitive === contractP.name || primitive === convolveP.name,
}

/**
 * `f`, whose intermediate values are computed again in the backward pass instead of being kept: less memory, one more forward computation. The
 * results and gradients are those of `f`. JAX: `checkpoint` (remat).
 */
export function checkpoint<A extends Args, R>(
  f: (...args: A) => R,
  { policy = checkpointPolicies.nothing }: CheckpointOptions = {},
): (...args: A) => R {
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
