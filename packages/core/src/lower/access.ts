/** What a kernel reads and writes, without the kernels nested in it. */
import { type DType, isStorage } from '../dtype.ts'
import { sizeOf } from '../shape.ts'
import {
  type Affine,
  type Branch,
  type BufferId,
  type BufferSpec,
  bytesOf,
  type Kernel,
  type Load,
  type Scan,
  type Store,
  type While,
} from './kernel.ts'
import { readsOf, writesOf } from './rewrite.ts'

export interface Access {
  readonly reads: ReadonlySet<BufferId>
  readonly writes: ReadonlySet<BufferId>
  /** The buffers of which it writes every element. */
  readonly overwrites: ReadonlySet<BufferId>
}

export function accessOf(kernel: Kernel, buffers: readonly BufferSpec[]): Access {
  switch (kernel.kind) {
    case 'while':
      return { reads: new Set([kernel.predicate]), writes: new Set(), overwrites: new Set() }
    case 'scan':
      return { reads: new Set(), writes: new Set([kernel.counter]), overwrites: new Set([kernel.counter]) }
    case 'branch':
      return { reads: new Set([kernel.index]), writes: new Set(), overwrites: new Set() }
    default:
      return {
        reads: new Set(readsOf(kernel)),
        writes: new Set(writesOf(kernel)),
        overwrites: new Set(overwritesOf(kernel, buffers)),
      }
  }
}

/** Stores are one to one, so a buffer is overwritten where they are as many as its elements. */
function overwritesOf(kernel: Exclude<Kernel, While | Scan | Branch>, buffers: readonly BufferSpec[]): BufferId[] {
  const points = new Map<BufferId, number>()
  const count = (stores: readonly Store[], extents: readonly number[]): void => {
    for (const { buffer } of stores) points.set(buffer, (points.get(buffer) ?? 0) + sizeOf(extents))
  }
  if (kernel.kind === 'scatter') return []
  if (kernel.kind === 'sort' || kernel.kind === 'cumulative') return [...writesOf(kernel)]
  if (kernel.kind === 'loop') count(kernel.bodyStores, kernel.extents)
  count(kernel.stores, kernel.extents.slice(0, kernel.parallel))
  return [...points].filter(([id, n]) => n >= (buffers[id]?.size ?? 0)).map(([id]) => id)
}

/**
 * May what `kernel` stores in `target` lie in the memory of `source`, which it reads? Yes if it is a Loop or Contraction with one store to `target`,
 * none to `source`, and every load of `source` is, unguarded, of the element that the same point stores.
 */
export function canReplace(kernel: Kernel, source: BufferId, target: BufferId, buffers: readonly BufferSpec[]): boolean {
  const from = buffers[source],
    to = buffers[target]
  if ((kernel.kind !== 'loop' && kernel.kind !== 'contraction') || from === undefined || to === undefined || !sameLayout(from, to))
    return false
  const toEither = (list: readonly Store[]): Store[] => list.filter(s => s.buffer === target || s.buffer === source)
  const inBody = kernel.kind === 'loop' ? toEither(kernel.bodyStores) : [],
    inEpilogue = toEither(kernel.stores)
  const store = inBody[0] ?? inEpilogue[0]
  if (store?.buffer !== target || inBody.length + inEpilogue.length > 1) return false
  const nodes = inBody.length > 0 && kernel.kind === 'loop' ? kernel.body : kernel.epilogue
  const loads = nodes.filter((n): n is Load => n.op === 'load' && n.buffer === source)
  // Otherwise the other list loads it too, or an address depends on it.
  const onlyLoadedHere = readsOf(kernel).filter(id => id === source).length === loads.length
  return onlyLoadedHere && loads.every(load => loadsWhatIsStored(load, store))
}

/** Bools and storage dtypes only for their like: a backend may keep them in other ways than by their bytes. */
const sameLayout = (a: BufferSpec, b: BufferSpec): boolean =>
  a.size === b.size && (a.dtype === b.dtype || (bytesOf(a.dtype) === bytesOf(b.dtype) && isPlain(a.dtype) && isPlain(b.dtype)))
const isPlain = (dtype: DType): boolean => dtype !== 'bool' && !isStorage(dtype)

const loadsWhatIsStored = (load: Load, store: Store): boolean =>
  (load.guards ?? []).length === 0 && (load.indirect ?? []).length === 0 && sameMap(load.map, store.map)

export function sameMap(a: Affine, b: Affine): boolean {
  const da = a.dynamic ?? [],
    db = b.dynamic ?? []
  return (
    a.offset === b.offset &&
    a.strides.length === b.strides.length &&
    a.strides.every((s, k) => s === b.strides[k]) &&
    da.length === db.length &&
    da.every((d, k) => d.buffer === db[k]?.buffer && d.stride === db[k]?.stride)
  )
}
