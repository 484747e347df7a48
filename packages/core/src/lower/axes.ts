/** Simpler iteration spaces: axes of size 1 go, neighbours that every address walks as one become one. */
import type { Affine } from './kernel.ts'
import { type Nest, affinesOf, mapAffines } from './rewrite.ts'

export function dropUnitAxes<K extends Nest>(k: K): K {
  if (!k.extents.includes(1)) return k
  const keep = k.extents.map(n => n !== 1)
  const drop = (a: Affine): Affine => ({ ...a, strides: a.strides.filter((_, i) => keep[i]) })
  return mapAffines(k, k.extents.filter((_, i) => keep[i]), keep.slice(0, k.parallel).filter(Boolean).length, drop, drop)
}

/** Merges axes i and i+1 where each map's stride of i is its stride of i+1 times the extent of i+1. */
export function collapse<K extends Nest>(k: K): K {
  let out = k
  for (let i = k.extents.length - 2; i >= 0; i--) {
    if (i + 1 === out.parallel) continue // one is parallel, the other reduced
    const n = out.extents[i + 1] as number
    if (affinesOf(out).every(a => a.strides[i] === (a.strides[i + 1] as number) * n)) out = mergeAxes(out, i)
  }
  return out
}

function mergeAxes<K extends Nest>(k: K, i: number): K {
  const merge = (a: Affine): Affine => (a.strides.length > i + 1 ? { ...a, strides: a.strides.filter((_, j) => j !== i) } : a)
  const extents = k.extents.flatMap((n, j) => (j === i ? [] : j === i + 1 ? [n * (k.extents[i] as number)] : [n]))
  return mapAffines(k, extents, k.parallel - (i + 1 < k.parallel ? 1 : 0), merge, merge)
}

/** The maps of `k` with its axes in another order: new axis `j` is old axis `order[j]`. Only for nests without reduced axes. */
export function permuteAxes<K extends Nest>(k: K, order: readonly number[]): K {
  const move = (a: Affine): Affine => ({ ...a, strides: order.map(i => a.strides[i] as number) })
  return mapAffines(k, order.map(i => k.extents[i] as number), k.parallel, move, move)
}
