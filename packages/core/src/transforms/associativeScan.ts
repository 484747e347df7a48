/** Prefix sums with any associative operation, in a logarithmic number of steps (Blelloch 1990; JAX: associative_scan). */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { normalizeAxis } from '../shape.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { reshape } from '../primitives/reshape.ts'
import { flip } from '../primitives/reverse.ts'
import { sliceAxis } from '../primitives/slice.ts'
import type { Tensor } from '../tensor.ts'
import { checkSameStructure, flattenTree, leafPaths, unflattenTree } from '../tree.ts'

export interface AssociativeScanOptions {
  /** The axis to scan along. Default 0. */
  readonly axis?: number
  /** From the end. Default false. */
  readonly reverse?: boolean
}

/**
 * The running combinations of the slices of `xs` along an axis: element i is `combine(... combine(x0, x1) ..., xi)`. `combine` must be associative and work
 * on whole ranges of slices at once, elementwise along the axis. For a tree, `combine` takes and gives trees. JAX: `lax.associative_scan`.
 *
 * @example associativeScan(multiply, x) // a cumulative product
 */
export function associativeScan<T>(combine: (a: T, b: T) => T, xs: T, options: AssociativeScanOptions = {}): T {
  const { axis = 0, reverse = false } = checkOptions('associativeScan', options, 'axis', 'reverse')
  const { leaves, structure } = flattenTree(xs, 'xs')
  const paths = leafPaths(structure, 'xs')
  const axes = leaves.map((t, i) => normalizeAxis(`associativeScan: ${paths[i]}`, axis, t.ndim))
  const sizes = leaves.map((t, i) => t.shape[axes[i] as number] as number)
  const other = sizes.findIndex(n => n !== sizes[0])
  if (other >= 0)
    fail('ShapeError', `associativeScan: ${paths[other]} has ${sizes[other]} slices along axis ${axis}, but ${paths[0]} has ${sizes[0]}.`)
  const each: Each = (list, f) => list.map((t, i) => f(t, axes[i] as number, i))
  const flat = (a: readonly Tensor[], b: readonly Tensor[]): readonly Tensor[] => {
    const result = flattenTree(combine(unflattenTree(structure, a) as T, unflattenTree(structure, b) as T), 'the result of combine')
    checkSameStructure('associativeScan: combine changes the structure', structure, result.structure, 'xs')
    return result.leaves
  }
  const turned = (list: readonly Tensor[]): readonly Tensor[] => (reverse ? each(list, (t, k) => flip(t, { axis: k })) : list)
  return unflattenTree(structure, turned(prefixes(turned(leaves), sizes[0] ?? 0, flat, each))) as T
}

type Lists = readonly Tensor[]
type Each = (list: Lists, f: (t: Tensor, axis: number, i: number) => Tensor) => Lists

/** Combines neighbours, scans the half as many results, and fills the gaps: 2 n operations in 2 log n steps. */
function prefixes(xs: Lists, n: number, combine: (a: Lists, b: Lists) => Lists, each: Each): Lists {
  if (n < 2) return xs
  const take = (list: Lists, start: number, stop: number, stride = 1): Lists =>
    each(list, (t, axis) => sliceAxis(t, start, stop, { axis, stride }))
  const half = Math.floor(n / 2)
  const odd = prefixes(combine(take(xs, 0, 2 * half, 2), take(xs, 1, n, 2)), half, combine, each)
  const later = n % 2 === 0 ? take(odd, 0, half - 1) : odd
  const rest = half === 1 && n % 2 === 0 ? null : combine(later, take(xs, 2, n, 2))
  const first = take(xs, 0, 1)
  const even = rest === null ? first : each(first, (t, axis, i) => concatenate([t, rest[i] as Tensor], { axis }))
  return each(even, (t, axis, i) => interleave(t, odd[i] as Tensor, axis))
}

/** a0, b0, a1, b1, ... along an axis; a has as many slices as b, or one more. */
function interleave(a: Tensor, b: Tensor, axis: number): Tensor {
  const n = b.shape[axis] as number
  const spread = (t: Tensor): Tensor => reshape(t, [...t.shape.slice(0, axis + 1), 1, ...t.shape.slice(axis + 1)])
  const pairs = concatenate([spread(sliceAxis(a, 0, n, { axis })), spread(b)], { axis: axis + 1 })
  const joined = reshape(
    pairs,
    b.shape.map((s, k) => (k === axis ? 2 * n : s)),
  )
  return a.shape[axis] === n ? joined : concatenate([joined, sliceAxis(a, n, n + 1, { axis })], { axis })
}
