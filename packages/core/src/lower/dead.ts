/** Stores that nobody reads, nodes and reductions that no store needs, kernels that store nothing. */
import type { BufferId, Kernel, Loop, Node } from './kernel.ts'
import { type Nest, isNest, mapNested, prune, readsOf } from './rewrite.ts'

export function dropDeadStores(kernels: readonly Kernel[], outputs: ReadonlySet<BufferId>): readonly Kernel[] {
  for (let list = kernels; ; ) {
    const read = new Set<BufferId>([...outputs, ...list.flatMap(readsOf)])
    let changed = false
    const clean = (k: Kernel): readonly Kernel[] => {
      if (!isNest(k)) return [mapNested(k, inner => inner.flatMap(clean))]
      const dead = [...k.stores, ...(k.kind === 'loop' ? k.bodyStores : [])].some(s => !read.has(s.buffer))
      if (!dead) return [k]
      changed = true
      return keepLive(k, b => read.has(b))
    }
    list = list.flatMap(clean)
    if (!changed) return list
  }
}

function keepLive(k: Nest, live: (b: BufferId) => boolean): readonly Kernel[] {
  const stores = k.stores.filter(s => live(s.buffer))
  const { nodes: epilogue, to } = prune(
    k.epilogue,
    stores.map(s => s.value),
  )
  const kept = { ...k, epilogue, stores: stores.map(s => ({ ...s, value: to(s.value) })) }
  if (kept.kind === 'contraction') return stores.length === 0 ? [] : [kept]
  const loop = keepReductions({ ...kept, bodyStores: kept.bodyStores.filter(s => live(s.buffer)) })
  return loop.stores.length + loop.bodyStores.length === 0 ? [] : [loop]
}

/** Drops reductions that the epilogue does not use, and the nodes that only they needed. */
function keepReductions(k: Loop): Loop {
  const used = k.reductions.map((_, i) => k.epilogue.some(n => n.op === 'reduced' && n.index === i))
  const reductions = k.reductions.filter((_, i) => used[i])
  const number = used.map((_, i) => used.slice(0, i).filter(Boolean).length)
  const { nodes: body, to } = prune(k.body, [
    ...k.bodyStores.map(s => s.value),
    ...reductions.flatMap(r => (r.index === undefined ? [r.value] : [r.value, r.index])),
  ])
  return {
    ...k,
    body,
    bodyStores: k.bodyStores.map(s => ({ ...s, value: to(s.value) })),
    reductions: reductions.map(r => ({ ...r, value: to(r.value), ...(r.index !== undefined && { index: to(r.index) }) })),
    epilogue: k.epilogue.map((n): Node => (n.op === 'reduced' && k.reductions.length > 0 ? { ...n, index: number[n.index] as number } : n)),
  }
}
