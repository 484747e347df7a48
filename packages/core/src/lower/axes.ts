/** Iteration spaces: simpler ones, where axes of size 1 go and neighbours that every address walks as one become one; other orders of axes. */
import { BodyBuilder, elementwise, sumOfOne } from './body.ts'
import type { Affine, Kernel, Loop, Node, NodeId } from './kernel.ts'
import type { Lowered } from './lower.ts'
import { type Nest, affinesOf, isNest, mapAffines, mapNested, renumber } from './rewrite.ts'

/** All nests with as few axes as they can have. */
export function simplifyAxes(lowered: Lowered): Lowered {
  const pass = (kernels: readonly Kernel[]): readonly Kernel[] =>
    kernels.map(k => (isNest(k) ? collapse(dropUnitAxes(k)) : mapNested(k, pass)))
  return { ...lowered, kernels: pass(lowered.kernels) }
}

/** Without axes of size 1. A nest that has no reduced axes left is elementwise. */
export function dropUnitAxes(k: Nest): Nest {
  const keep = k.extents.map(n => n !== 1)
  const drop = (a: Affine): Affine => ({ ...a, strides: a.strides.filter((_, i) => keep[i]) })
  const out = k.extents.includes(1)
    ? mapAffines(
        k,
        k.extents.filter((_, i) => keep[i]),
        keep.slice(0, k.parallel).filter(Boolean).length,
        drop,
        drop,
      )
    : k
  return out.parallel === out.extents.length && (out.kind === 'contraction' || out.body.length > 0) ? withoutReduction(out) : out
}

/** A reduction over one element is that element: the kernel becomes elementwise. */
function withoutReduction(k: Nest): Loop {
  const b = new BodyBuilder(k.extents)
  const [body, values] =
    k.kind === 'loop'
      ? [k.body, k.reductions.map(r => r.index ?? r.value)]
      : [[k.a, k.b, { op: 'mul', dtype: k.dtype, args: [0, 1] } satisfies Node], [2]]
  const append = (nodes: readonly Node[], reduced: readonly NodeId[]): NodeId[] => {
    const ids: NodeId[] = []
    for (const n of nodes) ids.push(n.op === 'reduced' ? (reduced[n.index] as NodeId) : b.push(renumber(n, id => ids[id] as NodeId)))
    return ids
  }
  const inner = append(body, [])
  const outer = append(
    k.epilogue,
    values.map((id, i) =>
      k.kind === 'contraction' || k.reductions[i]?.op === 'sum' ? sumOfOne(b, inner[id] as NodeId) : (inner[id] as NodeId),
    ),
  )
  const stores = [
    ...(k.kind === 'loop' ? k.bodyStores : []).map(s => ({ ...s, value: inner[s.value] as NodeId })),
    ...k.stores.map(s => ({ ...s, value: outer[s.value] as NodeId })),
  ]
  return { ...elementwise(k.extents, b.nodes(), stores), ...(k.section !== undefined && { section: k.section }) }
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
  return mapAffines(
    k,
    order.map(i => k.extents[i] as number),
    k.parallel,
    move,
    move,
  )
}

/** How a kernel walks a buffer. */
export interface Walk {
  readonly extents: readonly number[]
  readonly map: Affine
}

/** Which axis of `a` each axis of `b` is, judged by the strides of two addresses of one buffer. */
export function matchAxes(a: Walk, b: Walk): readonly number[] | null {
  const free = new Set(a.extents.keys())
  const order: number[] = []
  for (const [j, n] of b.extents.entries()) {
    const match = [...free].find(i => a.extents[i] === n && a.map.strides[i] === b.map.strides[j])
    if (match === undefined) return null
    free.delete(match)
    order.push(match)
  }
  return free.size > 0 ? null : order
}
