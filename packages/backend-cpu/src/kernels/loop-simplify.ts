/** Rewrites a Loop to fewer axes: drops guards that always hold, axes of extent 1, and merges neighbours that are contiguous everywhere. */
import { type Affine, alwaysHolds, dropGuards, identityOf, type Loop, mapNode, type Node, type Store } from '@cotangent/core/kernel'

function affinesOf(nodes: readonly Node[], stores: readonly Store[]): Affine[] {
  const found: Affine[] = stores.map(s => s.map)
  for (const n of nodes)
    mapNode(n, a => {
      found.push(a)
      return a
    })
  return found
}

function withoutTrueGuards(nodes: readonly Node[], extents: readonly number[]): Node[] {
  return nodes.map(n => {
    if (n.op === 'inside') return { ...n, guards: n.guards.filter(g => !alwaysHolds(g, extents)) }
    return n.op === 'load' ? dropGuards(n, extents) : n
  })
}

/** A new axis: its extent, and the old axis whose stride it takes, `times` times (1 if absent). */
interface NewAxis {
  readonly extent: number
  readonly source: number
  readonly times?: number
}

/** Axes [from, to) with extents of 1 dropped and contiguous neighbours merged: the outer stride is the inner one times its extent, in every map. */
function mergeAxes(extents: readonly number[], from: number, to: number, maps: readonly Affine[]): NewAxis[] {
  const out: NewAxis[] = []
  for (let axis = from; axis < to; axis++) {
    const extent = extents[axis] as number
    if (extent === 1) continue
    const last = out.at(-1)
    const fits = last !== undefined && maps.every(m => m.strides[last.source] === (m.strides[axis] as number) * extent)
    if (fits) out.pop()
    out.push({ extent: fits ? last.extent * extent : extent, source: axis })
  }
  return out
}

/** The loop on other axes, in this order; `parallel` of them are parallel. */
export function remap(loop: Loop, axes: readonly NewAxis[], parallel: number): Loop {
  const take =
    (chosen: readonly NewAxis[]) =>
    (a: Affine): Affine => ({ ...a, strides: chosen.map(x => (a.strides[x.source] as number) * (x.times ?? 1)) })
  const all = take(axes),
    outer = take(axes.slice(0, parallel))
  return {
    ...loop,
    extents: axes.map(a => a.extent),
    parallel,
    body: loop.body.map(n => mapNode(n, all)),
    bodyStores: loop.bodyStores.map(s => ({ ...s, map: all(s.map) })),
    epilogue: loop.epilogue.map(n => mapNode(n, outer)),
    stores: loop.stores.map(s => ({ ...s, map: outer(s.map) })),
  }
}

/** An empty reduction gives its identity: only the epilogue is left. */
function withoutReductions(loop: Loop): Loop {
  const epilogue = loop.epilogue.map((n): Node => {
    if (n.op !== 'reduced') return n
    const r = loop.reductions[n.index]
    return { op: 'const', dtype: n.dtype, value: r === undefined ? 0 : identityOf(r.op, r.dtype) }
  })
  return { ...loop, extents: loop.extents.slice(0, loop.parallel), epilogue, body: [], bodyStores: [], reductions: [] }
}

/** An equal loop with as few axes as possible. One reduced axis stays if there is a body. */
export function simplify(original: Loop): Loop {
  const { parallel } = original
  const loop = original.extents.slice(parallel).includes(0) ? withoutReductions(original) : original
  if (loop.extents.includes(0)) return loop
  const outer = loop.extents.slice(0, parallel)
  const pruned = { ...loop, body: withoutTrueGuards(loop.body, loop.extents), epilogue: withoutTrueGuards(loop.epilogue, outer) }
  const inBody = affinesOf(pruned.body, pruned.bodyStores)
  const kept = mergeAxes(outer, 0, parallel, [...inBody, ...affinesOf(pruned.epilogue, pruned.stores)])
  const reduced = mergeAxes(loop.extents, parallel, loop.extents.length, inBody)
  if (reduced.length === 0 && loop.extents.length > parallel) reduced.push({ extent: 1, source: parallel })
  return remap(pruned, [...kept, ...reduced], kept.length)
}
