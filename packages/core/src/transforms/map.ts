/** map: a function of one slice, over all of them. */
import { fail, inNameOf } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { reshape } from '../primitives/reshape.ts'
import { sliceAxis } from '../primitives/slice.ts'
import type { Tensor } from '../tensor.ts'
import { flattenTree, unflattenTree } from '../tree.ts'
import { checkFunction } from './functions.ts'
import { scan } from './loops.ts'
import { vmap } from './vmap.ts'

export interface MapOptions {
  /** How many slices are computed at once, by `vmap`. Default 1: one after another. */
  readonly batchSize?: number
}

/**
 * `f` of each slice of `xs` along its leading axis, stacked: what `vmap(f)` gives, computed in a loop with the memory of one slice, or of `batchSize`. Trees go in and
 * out. JAX: `lax.map`.
 *
 * @example map((x: Tensor) => solve(x), xs, { batchSize: 8 })
 */
export function map<X, Y>(f: (x: X) => Y, xs: X, options: MapOptions = {}): Y {
  const { batchSize = 1 } = checkOptions('map', options, 'batchSize')
  checkFunction('map: the function', f)
  if (!Number.isInteger(batchSize) || batchSize < 1) fail('ValueError', `map: batchSize must be a positive integer, got ${batchSize}.`)
  const loop = <V, W>(g: (x: V) => W, slices: V): W => scan((carry: null, x: V) => [carry, g(x)] as const, null, slices)[1] as W
  const { leaves, structure } = flattenTree(xs, 'xs')
  const n = leaves[0]?.shape[0]
  // A scan refuses what has no leading axis, or different ones.
  if (n === undefined || leaves.some(t => t.shape[0] !== n)) return inNameOf('map', () => loop(f, xs))
  if (batchSize === 1) return loop(f, xs)
  const rounds = Math.floor(n / batchSize),
    whole = rounds * batchSize
  const part = (make: (t: Tensor) => Tensor): X => unflattenTree(structure, leaves.map(make)) as X
  const rest = (): Y => vmap(f)(part(t => sliceAxis(t, whole, n)))
  if (rounds === 0) return rest()
  const batches = part(t => reshape(sliceAxis(t, 0, whole), [rounds, batchSize, ...t.shape.slice(1)]))
  const stacked = flattenTree(loop(vmap(f), batches), 'result')
  const joined = stacked.leaves.map(t => reshape(t, [whole, ...t.shape.slice(2)]))
  if (whole === n) return unflattenTree(stacked.structure, joined) as Y
  const last = flattenTree(rest(), 'result').leaves
  return unflattenTree(
    stacked.structure,
    joined.map((t, i) => concatenate([t, last[i] as Tensor], { axis: 0 })),
  ) as Y
}
