/** Rewriting kernels: what a kernel reads and writes, changing its axes, cutting what is not needed. Shared by the passes of this folder. */
import type { Affine, BufferId, Contraction, DynamicTerm, Guard, Kernel, Load, Loop, Node, NodeId, Store } from './kernel.ts'

/** Kernels whose axes and expressions can be rewritten. */
export type Nest = Loop | Contraction
export const isNest = (k: Kernel): k is Nest => k.kind === 'loop' || k.kind === 'contraction'

/** The same control-flow kernel with its lists of kernels rewritten; other kernels as they are. */
export function mapNested(k: Kernel, f: (kernels: readonly Kernel[]) => readonly Kernel[]): Kernel {
  switch (k.kind) {
    case 'while':
      return { ...k, condition: f(k.condition), body: f(k.body) }
    case 'scan':
      return { ...k, body: f(k.body) }
    case 'branch':
      return { ...k, branches: k.branches.map(f) }
    default:
      return k
  }
}

type AffineMap = (a: Affine) => Affine

const mapGuards = (guards: readonly Guard[], f: AffineMap): readonly Guard[] => guards.map(g => ({ ...g, index: f(g.index) }))
export const mapLoad = (n: Load, f: AffineMap): Load => ({
  ...n,
  map: f(n.map),
  ...(n.guards !== undefined && { guards: mapGuards(n.guards, f) }),
})
export function mapNode(n: Node, f: AffineMap): Node {
  switch (n.op) {
    case 'load':
      return mapLoad(n, f)
    case 'iota':
      return { ...n, map: f(n.map) }
    case 'inside':
      return { ...n, guards: mapGuards(n.guards, f) }
    default:
      return n
  }
}
export const mapStore = (s: Store, f: AffineMap): Store => ({ ...s, map: f(s.map) })

/** Rewrites all affine maps: `full` those over all axes, `outer` those over the parallel axes alone. */
export function mapAffines<K extends Nest>(k: K, extents: readonly number[], parallel: number, full: AffineMap, outer: AffineMap): K {
  const shared = {
    ...k,
    extents,
    parallel,
    epilogue: k.epilogue.map(n => mapNode(n, outer)),
    stores: k.stores.map(s => mapStore(s, outer)),
  }
  return shared.kind === 'loop'
    ? { ...shared, body: shared.body.map(n => mapNode(n, full)), bodyStores: shared.bodyStores.map(s => mapStore(s, full)) }
    : { ...shared, a: mapLoad(shared.a, full), b: mapLoad(shared.b, full) }
}

/** The part of a nest with `length` indices of a parallel axis, from index `first` on. */
export function partOf<K extends Nest>(k: K, axis: number, first: number, length: number): K {
  const move: AffineMap = a => ({ ...a, offset: a.offset + first * (a.strides[axis] ?? 0) })
  return mapAffines(
    k,
    k.extents.map((n, i) => (i === axis ? length : n)),
    k.parallel,
    move,
    move,
  )
}

/** All affine maps of a nest over the full axes (outer ones padded with zero strides). */
export function affinesOf(k: Nest): readonly Affine[] {
  const pad = (a: Affine): Affine => ({ ...a, strides: [...a.strides, ...new Array<number>(k.extents.length - a.strides.length).fill(0)] })
  const ofNode = (n: Node): readonly Affine[] =>
    n.op === 'load'
      ? [n.map, ...(n.guards ?? []).map(g => g.index)]
      : n.op === 'iota'
        ? [n.map]
        : n.op === 'inside'
          ? n.guards.map(g => g.index)
          : []
  const inner = k.kind === 'loop' ? [...k.body.flatMap(ofNode), ...k.bodyStores.map(s => s.map)] : [...ofNode(k.a), ...ofNode(k.b)]
  return [...inner, ...[...k.epilogue.flatMap(ofNode), ...k.stores.map(s => s.map)].map(pad)]
}

const dynamicBuffers = (a: Affine): readonly BufferId[] => (a.dynamic ?? []).map((d: DynamicTerm) => d.buffer)
const nodeReads = (n: Node): readonly BufferId[] => {
  switch (n.op) {
    case 'load':
      return [n.buffer, ...dynamicBuffers(n.map), ...(n.guards ?? []).flatMap(g => dynamicBuffers(g.index))]
    case 'iota':
      return dynamicBuffers(n.map)
    case 'inside':
      return n.guards.flatMap(g => dynamicBuffers(g.index))
    default:
      return []
  }
}

/** Buffers whose contents a kernel uses (with those of nested kernels). */
export function readsOf(k: Kernel): readonly BufferId[] {
  switch (k.kind) {
    case 'loop':
      return [...[...k.body, ...k.epilogue].flatMap(nodeReads), ...[...k.bodyStores, ...k.stores].flatMap(s => dynamicBuffers(s.map))]
    case 'contraction':
      return [k.a, k.b, ...k.epilogue].flatMap(nodeReads).concat(k.stores.flatMap(s => dynamicBuffers(s.map)))
    case 'scatter':
      return [...k.body.flatMap(nodeReads), k.buffer, ...dynamicBuffers(k.map)]
    case 'sort':
      return k.inputs
    case 'cumulative':
      return [k.input]
    case 'while':
      return [...k.condition, ...k.body].flatMap(readsOf).concat(k.predicate)
    case 'scan':
      return [...k.body.flatMap(readsOf), k.counter]
    case 'branch':
      return [...k.branches.flat().flatMap(readsOf), k.index]
  }
}

/** Buffers that a kernel writes (with those of nested kernels). */
export function writesOf(k: Kernel): readonly BufferId[] {
  switch (k.kind) {
    case 'loop':
      return [...k.bodyStores, ...k.stores].map(s => s.buffer)
    case 'contraction':
      return k.stores.map(s => s.buffer)
    case 'scatter':
      return [k.buffer]
    case 'sort':
      return k.outputs
    case 'cumulative':
      return [k.output]
    case 'while':
      return [...k.condition, ...k.body].flatMap(writesOf)
    case 'scan':
      return [...k.body.flatMap(writesOf), k.counter]
    case 'branch':
      return k.branches.flat().flatMap(writesOf)
  }
}

/** Operand nodes of a node. */
export const operandsOf = (n: Node): readonly NodeId[] =>
  n.op === 'load' ? (n.indirect ?? []).map(i => i.index) : 'args' in n ? n.args : []

/** The same node with its operands renumbered. */
export function renumber(n: Node, to: (id: NodeId) => NodeId): Node {
  if (n.op === 'load') return n.indirect === undefined ? n : { ...n, indirect: n.indirect.map(i => ({ ...i, index: to(i.index) })) }
  return 'args' in n ? { ...n, args: n.args.map(to) } : n
}

/** Keeps only the nodes that `roots` need. */
export function prune(
  nodes: readonly Node[],
  roots: readonly NodeId[],
): { readonly nodes: readonly Node[]; readonly to: (id: NodeId) => NodeId } {
  const needed = new Set<NodeId>()
  const visit = (id: NodeId): void => {
    if (needed.has(id)) return
    needed.add(id)
    operandsOf(nodes[id] as Node).forEach(visit)
  }
  roots.forEach(visit)
  const ids = new Map<NodeId, NodeId>()
  const to = (id: NodeId): NodeId => ids.get(id) as NodeId
  const kept: Node[] = []
  nodes.forEach((n, id) => {
    if (!needed.has(id)) return
    kept.push(renumber(n, to))
    ids.set(id, kept.length - 1)
  })
  return { nodes: kept, to }
}
