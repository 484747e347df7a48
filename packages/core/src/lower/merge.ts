/**
 * Two kernels as one, where they walk the same iteration space. `merge(a, b)`: `a` comes first; null when they must stay apart.
 * - an elementwise Loop joins the kernel whose result it reads: as a further output, in the epilogue of a reduction or contraction;
 * - Loops over the same space that read the same data become one with several outputs (optimiser updates, moments);
 * - an elementwise Loop whose result a reduction reads is computed inside it, element by element.
 */
import { sameMap } from './access.ts'
import { matchAxes, permuteAxes } from './axes.ts'
import { BodyBuilder } from './body.ts'
import type { Kernel, Load, Loop, Node, NodeId, Reduction, Store } from './kernel.ts'
import { type Nest, renumber } from './rewrite.ts'

/** Kernels do not grow past this many nodes: registers and compile time. */
const LARGEST_KERNEL = 160

export function merge(a: Nest, b: Nest): Kernel | null {
  if (a.section !== b.section || b.kind === 'contraction' || nodeCount(a) + nodeCount(b) > LARGEST_KERNEL) return null
  if (isElementwise(b)) return (sameExtents(outer(a), b.extents) ? appendEpilogue(a, b) : null) ?? appendTransposed(a, b)
  if (a.kind === 'contraction') return null
  return isElementwise(a) ? computeInside(a, b) : joinReductions(a, b)
}

const isElementwise = (k: Nest): k is Loop => k.kind === 'loop' && k.parallel === k.extents.length
const outer = (k: Nest): readonly number[] => k.extents.slice(0, k.parallel)
const sameExtents = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((n, i) => n === b[i])
const nodeCount = (k: Nest): number => k.epilogue.length + (k.kind === 'loop' ? k.body.length : 2)

const loadsOf = (nodes: readonly Node[]): readonly Load[] => nodes.filter((n): n is Load => n.op === 'load')
const plain = (n: Load): boolean => n.guards === undefined && n.indirect === undefined

/** What a kernel's loads see of the stores of another: the stored node, nothing, or something that cannot be replaced. */
function visible(n: Load, stores: readonly Store[]): NodeId | null | 'hidden' {
  const s = stores.filter(x => x.buffer === n.buffer)
  if (s.length === 0) return null
  const same = s.length === 1 && plain(n) && sameMap((s[0] as Store).map, n.map)
  return same ? (s[0] as Store).value : 'hidden'
}

/** May `stores` run right after all loads of the same point, although a kernel of their own would run after all points? */
const overwritesSafely = (loads: readonly Load[], stores: readonly Store[]): boolean =>
  stores.every(s => loads.every(n => n.buffer !== s.buffer || (plain(n) && sameMap(n.map, s.map))))

const neverWrittenTwice = (a: readonly Store[], b: readonly Store[]): boolean => !a.some(x => b.some(y => x.buffer === y.buffer))
const readsDynamically = (nodes: readonly Node[], stores: readonly Store[], written: readonly Store[]): boolean =>
  [
    ...nodes.flatMap(n =>
      n.op === 'load' || n.op === 'iota'
        ? [n.map, ...(n.op === 'load' ? (n.guards ?? []).map(g => g.index) : [])]
        : n.op === 'inside'
          ? n.guards.map(g => g.index)
          : [],
    ),
    ...stores.map(s => s.map),
  ].some(m => (m.dynamic ?? []).some(d => written.some(s => s.buffer === d.buffer)))

const sharesLoad = (a: readonly Node[], b: readonly Node[]): boolean =>
  loadsOf(b).some(n => loadsOf(a).some(m => m.buffer === n.buffer && sameMap(m.map, n.map)))

/** Appends nodes to a builder; loads that see a store become the stored node. Null if one cannot. */
function append(to: BodyBuilder, nodes: readonly Node[], stores: readonly Store[]): ((id: NodeId) => NodeId) | null {
  const ids: NodeId[] = []
  for (const n of nodes) {
    const seen = n.op === 'load' ? visible(n, stores) : null
    if (seen === 'hidden') return null
    ids.push(seen ?? to.push(renumber(n, id => ids[id] as NodeId)))
  }
  return id => ids[id] as NodeId
}

/** A builder with these nodes, of which some may be equal: they become one. */
function builderOf(
  extents: readonly number[],
  nodes: readonly Node[],
): { readonly builder: BodyBuilder; readonly own: (id: NodeId) => NodeId } {
  const builder = new BodyBuilder(extents),
    ids: NodeId[] = []
  for (const n of nodes) ids.push(builder.push(renumber(n, id => ids[id] as NodeId)))
  return { builder, own: id => ids[id] as NodeId }
}
const retarget = (stores: readonly Store[], to: (id: NodeId) => NodeId): readonly Store[] => stores.map(s => ({ ...s, value: to(s.value) }))
const retargetReductions = (reductions: readonly Reduction[], to: (id: NodeId) => NodeId): readonly Reduction[] =>
  reductions.map(r => ({ ...r, value: to(r.value), ...(r.index !== undefined && { index: to(r.index) }) }))

function appendEpilogue(a: Nest, b: Loop): Kernel | null {
  const inner: readonly Node[] = a.kind === 'loop' ? a.body : [a.a, a.b]
  const innerStores = a.kind === 'loop' ? a.bodyStores : []
  const related =
    loadsOf(b.epilogue).some(n => a.stores.some(s => s.buffer === n.buffer)) || (isElementwise(a) && sharesLoad(a.epilogue, b.epilogue))
  if (!related || !neverWrittenTwice([...a.stores, ...innerStores], b.stores)) return null
  if (loadsOf(b.epilogue).some(n => innerStores.some(s => s.buffer === n.buffer))) return null
  if (loadsOf(inner).some(n => b.stores.some(s => s.buffer === n.buffer)) || !overwritesSafely(loadsOf(a.epilogue), b.stores)) return null
  if (
    !overwritesSafely(
      loadsOf(b.epilogue).filter(n => !a.stores.some(s => s.buffer === n.buffer)),
      [...a.stores, ...b.stores],
    )
  )
    return null
  if (
    readsDynamically(b.epilogue, b.stores, [...a.stores, ...innerStores]) ||
    readsDynamically([...inner, ...a.epilogue], [...a.stores, ...innerStores], b.stores)
  )
    return null
  const { builder, own } = builderOf(outer(a), a.epilogue)
  const stores = retarget(a.stores, own)
  const to = append(builder, b.epilogue, stores)
  return to === null ? null : { ...a, epilogue: builder.nodes(), stores: [...stores, ...retarget(b.stores, to)] }
}

/** The same for a Loop that walks `a`'s results in another order, but for the innermost axis: its stores stay runs of neighbours. */
function appendTransposed(a: Nest, b: Loop): Kernel | null {
  const read = loadsOf(b.epilogue).find(n => a.stores.some(s => s.buffer === n.buffer))
  const store = a.stores.find(s => s.buffer === read?.buffer)
  if (read === undefined || store === undefined) return null
  const order = matchAxes({ extents: b.extents, map: read.map }, { extents: outer(a), map: store.map })
  const last = b.extents.length - 1
  return order === null || order[last] !== last || order.every((i, j) => i === j) ? null : appendEpilogue(a, permuteAxes(b, order))
}

function computeInside(a: Loop, b: Loop): Kernel | null {
  const reads = loadsOf(b.body).filter(n => a.stores.some(s => s.buffer === n.buffer))
  if (reads.length === 0 || a.extents.length !== b.extents.length) return null
  if (loadsOf(b.epilogue).some(n => a.stores.some(s => s.buffer === n.buffer))) return null
  const [read] = reads as [Load]
  const order = matchAxes(
    { extents: a.extents, map: (a.stores.find(s => s.buffer === read.buffer) as Store).map },
    { extents: b.extents, map: read.map },
  )
  if (order === null) return null
  const p = permuteAxes(a, order)
  if (!neverWrittenTwice(p.stores, [...b.stores, ...b.bodyStores])) return null
  if (loadsOf(p.epilogue).some(n => [...b.stores, ...b.bodyStores].some(s => s.buffer === n.buffer))) return null
  if (
    !overwritesSafely(loadsOf(p.epilogue), p.stores) ||
    readsDynamically([...b.body, ...b.epilogue], [...b.stores, ...b.bodyStores], p.stores)
  )
    return null
  const { builder, own } = builderOf(b.extents, p.epilogue)
  const stores = retarget(p.stores, own)
  const to = append(builder, b.body, stores)
  if (to === null) return null
  return {
    ...b,
    body: builder.nodes(),
    bodyStores: [...stores, ...retarget(b.bodyStores, to)],
    reductions: retargetReductions(b.reductions, to),
  }
}

function joinReductions(a: Loop, b: Loop): Kernel | null {
  if (a.parallel !== b.parallel || !sameExtents(a.extents, b.extents)) return null
  const aStores = [...a.stores, ...a.bodyStores],
    bStores = [...b.stores, ...b.bodyStores]
  const all = (k: Loop): readonly Load[] => [...loadsOf(k.body), ...loadsOf(k.epilogue)]
  if (!sharesLoad(a.body, b.body) && !loadsOf(b.body).some(n => a.bodyStores.some(s => s.buffer === n.buffer))) return null
  if (!neverWrittenTwice(aStores, bStores) || all(b).some(n => a.stores.some(s => s.buffer === n.buffer))) return null
  if (
    loadsOf(b.epilogue).some(n => a.bodyStores.some(s => s.buffer === n.buffer)) ||
    all(a).some(n => bStores.some(s => s.buffer === n.buffer))
  )
    return null
  if (readsDynamically([...b.body, ...b.epilogue], bStores, aStores)) return null
  const { builder: body, own } = builderOf(a.extents, a.body)
  const bodyStores = retarget(a.bodyStores, own)
  const to = append(body, b.body, bodyStores)
  const { builder: epilogue, own: ownEpilogue } = builderOf(outer(a), a.epilogue)
  const shifted = b.epilogue.map((n): Node => (n.op === 'reduced' ? { ...n, index: n.index + a.reductions.length } : n))
  const toEpilogue = append(epilogue, shifted, [])
  if (to === null || toEpilogue === null) return null
  return {
    ...a,
    body: body.nodes(),
    bodyStores: [...bodyStores, ...retarget(b.bodyStores, to)],
    reductions: [...retargetReductions(a.reductions, own), ...retargetReductions(b.reductions, to)],
    epilogue: epilogue.nodes(),
    stores: [...retarget(a.stores, ownEpilogue), ...retarget(b.stores, toEpilogue)],
  }
}
