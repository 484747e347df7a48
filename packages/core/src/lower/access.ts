/** What a kernel reads and writes, without the kernels nested in it. */
import { sizeOf } from '../shape.ts'
import { type Affine, type BufferId, type BufferSpec, bytesOf, type Guard, type Kernel, type Load, type Loop, type Node, type Store } from './kernel.ts'

export interface Access {
  readonly reads: ReadonlySet<BufferId>
  readonly writes: ReadonlySet<BufferId>
  /** The buffers of which it writes every element. */
  readonly overwrites: ReadonlySet<BufferId>
}

export function accessOf(kernel: Kernel, buffers: readonly BufferSpec[]): Access {
  switch (kernel.kind) {
    case 'loop': {
      const { extents, parallel, body, bodyStores, epilogue, stores } = kernel
      const reads = [...nodeReads(body), ...nodeReads(epilogue), ...storeReads(bodyStores), ...storeReads(stores)]
      return stored(buffers, reads, [[bodyStores, sizeOf(extents)], [stores, sizeOf(extents.slice(0, parallel))]])
    }
    case 'contraction': {
      const { extents, parallel, a, b, epilogue, stores } = kernel
      const reads = [...nodeReads([a, b]), ...nodeReads(epilogue), ...storeReads(stores)]
      return stored(buffers, reads, [[stores, sizeOf(extents.slice(0, parallel))]])
    }
    case 'scatter': return {
      reads: new Set([kernel.buffer, ...nodeReads(kernel.body), ...dynamicReads(kernel.map)]), writes: new Set([kernel.buffer]), overwrites: new Set(),
    }
    case 'sort': return whole(kernel.inputs, kernel.outputs)
    case 'cumulative': return whole([kernel.input], [kernel.output])
    case 'while': return whole([kernel.predicate], [])
    case 'scan': return whole([], [kernel.counter])
    case 'branch': return whole([kernel.index], [])
  }
}

const whole = (reads: readonly BufferId[], writes: readonly BufferId[]): Access =>
  ({ reads: new Set(reads), writes: new Set(writes), overwrites: new Set(writes) })

/** Stores are one to one, so a buffer is overwritten where they are as many as its elements. */
function stored(buffers: readonly BufferSpec[], reads: readonly BufferId[], stores: readonly (readonly [readonly Store[], number])[]): Access {
  const counts = new Map<BufferId, number>()
  for (const [list, points] of stores) for (const { buffer } of list) counts.set(buffer, (counts.get(buffer) ?? 0) + points)
  const overwrites = [...counts].filter(([id, n]) => n >= (buffers[id]?.size ?? 0)).map(([id]) => id)
  return { reads: new Set(reads), writes: new Set(counts.keys()), overwrites: new Set(overwrites) }
}

const dynamicReads = (map: Affine): BufferId[] => (map.dynamic ?? []).map(d => d.buffer)
const guardReads = (guards: readonly Guard[] | undefined): BufferId[] => (guards ?? []).flatMap(g => dynamicReads(g.index))
const storeReads = (stores: readonly Store[]): BufferId[] => stores.flatMap(s => dynamicReads(s.map))

/** The dynamic terms of the nodes' addresses. */
function addressReads(nodes: readonly Node[]): BufferId[] {
  return nodes.flatMap(node => {
    switch (node.op) {
      case 'load': return [...dynamicReads(node.map), ...guardReads(node.guards)]
      case 'iota': return dynamicReads(node.map)
      case 'inside': return guardReads(node.guards)
      default: return []
    }
  })
}

const nodeReads = (nodes: readonly Node[]): BufferId[] => [...nodes.flatMap(n => (n.op === 'load' ? [n.buffer] : [])), ...addressReads(nodes)]

/**
 * May what `kernel` stores in `target` lie in the memory of `source`, which it reads? Yes if it is a Loop with one store to `target`, none
 * to `source`, and every load of `source` is, unguarded, of the element that the same point stores.
 */
export function canReplace(kernel: Kernel, source: BufferId, target: BufferId, buffers: readonly BufferSpec[]): boolean {
  const from = buffers[source], to = buffers[target]
  if (kernel.kind !== 'loop' || from === undefined || to === undefined || !sameLayout(from, to)) return false
  const toEither = (list: readonly Store[]): Store[] => list.filter(s => s.buffer === target || s.buffer === source)
  const inBody = toEither(kernel.bodyStores), inEpilogue = toEither(kernel.stores)
  const store = inBody[0] ?? inEpilogue[0]
  if (store?.buffer !== target || inBody.length + inEpilogue.length > 1) return false
  const [nodes, others] = inBody.length > 0 ? [kernel.body, kernel.epilogue] : [kernel.epilogue, kernel.body]
  return others.every(n => n.op !== 'load' || n.buffer !== source)
    && nodes.every(n => n.op !== 'load' || n.buffer !== source || loadsWhatIsStored(n, store))
    && !addressesWith(kernel, source)
}

/** Bools only for bools: a backend may keep them in fewer bytes. */
const sameLayout = (a: BufferSpec, b: BufferSpec): boolean =>
  a.size === b.size && bytesOf(a.dtype) === bytesOf(b.dtype) && (a.dtype === 'bool') === (b.dtype === 'bool')

const loadsWhatIsStored = (load: Load, store: Store): boolean =>
  (load.guards ?? []).length === 0 && (load.indirect ?? []).length === 0 && sameMap(load.map, store.map)

export function sameMap(a: Affine, b: Affine): boolean {
  const da = a.dynamic ?? [], db = b.dynamic ?? []
  return a.offset === b.offset && a.strides.length === b.strides.length && a.strides.every((s, k) => s === b.strides[k])
    && da.length === db.length && da.every((d, k) => d.buffer === db[k]?.buffer && d.stride === db[k]?.stride)
}

/** Is `buffer` a dynamic term of an address? */
const addressesWith = ({ body, epilogue, bodyStores, stores }: Loop, buffer: BufferId): boolean =>
  [...addressReads(body), ...addressReads(epilogue), ...storeReads(bodyStores), ...storeReads(stores)].includes(buffer)
