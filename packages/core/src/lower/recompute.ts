/**
 * Values that are computed again instead of being stored: a few cheap operations on what the kernels that read them have at hand. A store
 * to memory and a load from it cost as much as some ten additions, and intermediate values push each other out of the caches.
 */
import { sizeOf } from '../shape.ts'
import { sameMap } from './access.ts'
import { matchAxes } from './axes.ts'
import { BodyBuilder } from './body.ts'
import type { InstructionName } from './instructions.ts'
import type { Affine, BufferId, Kernel, Load, Loop, Node, NodeId, Store } from './kernel.ts'
import { isNest, mapNested, mapNode, type Nest, readsOf, renumber, writesOf } from './rewrite.ts'

/** Operations that one value may take. */
const OPERATIONS = 4
const cheap: ReadonlySet<InstructionName> = new Set<InstructionName>([
  ...(['add', 'sub', 'mul', 'neg', 'abs', 'max', 'min', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'and', 'or', 'xor', 'not'] as const),
  ...(['select', 'cast', 'roundFloat16', 'roundBfloat16'] as const),
])
/** Loads of at most this part of a kernel's points are taken to come from a cache. */
const SMALL = 1 / 8

/** The kernels with as few stores to temporaries as that allows; what nobody reads any more is left to `dropDeadStores`. */
export function recompute(kernels: readonly Kernel[], outputs: ReadonlySet<BufferId>): readonly Kernel[] {
  const reads = countOf(kernels.flatMap(readsOf)),
    writes = countOf(kernels.flatMap(writesOf)),
    gone = new Set<BufferId>(),
    /** What values are computed from stays. */
    kept = new Set<BufferId>()
  const pass = (list: readonly Kernel[]): readonly Kernel[] => {
    const now = list.map(k => mapNested(k, pass))
    for (let i = 0; i < now.length; i++) {
      for (const stored of storesOf(now[i] as Kernel)) {
        const { buffer } = stored.store
        if (outputs.has(buffer) || kept.has(buffer) || writes.get(buffer) !== 1) continue
        const recipe = recipeOf(stored, gone)
        const rewritten = recipe === null ? null : inReaders(stored, recipe, now.slice(i + 1), reads.get(buffer) ?? 0)
        if (recipe === null || rewritten === null) continue
        now.splice(i + 1, rewritten.length, ...rewritten)
        gone.add(buffer)
        for (const source of loadsOf(recipe)) kept.add(source)
      }
    }
    return now
  }
  return pass(kernels)
}

function countOf(ids: readonly BufferId[]): Map<BufferId, number> {
  const count = new Map<BufferId, number>()
  for (const id of ids) count.set(id, (count.get(id) ?? 0) + 1)
  return count
}

/** A store and where it stands: the nodes of its list, the other stores beside it, the axes around it, all that its kernel writes. */
interface Stored {
  readonly store: Store
  readonly nodes: readonly Node[]
  readonly stores: readonly Store[]
  readonly extents: readonly number[]
  readonly written: readonly BufferId[]
  readonly section: number | undefined
}

function storesOf(k: Kernel): readonly Stored[] {
  if (!isNest(k)) return []
  const written = writesOf(k)
  const of = (nodes: readonly Node[], stores: readonly Store[], extents: readonly number[]): readonly Stored[] =>
    stores.map(store => ({ store, nodes, stores: stores.filter(s => s !== store), extents, written, section: k.section }))
  return [...of(k.epilogue, k.stores, k.extents.slice(0, k.parallel)), ...(k.kind === 'loop' ? of(k.body, k.bodyStores, k.extents) : [])]
}

const loadsOf = (nodes: readonly Node[]): readonly BufferId[] => nodes.flatMap(n => (n.op === 'load' ? [n.buffer] : []))

/** The later kernels, as far as they read the value, with the recipe in place of its `loads` loads; null unless all of these can go. */
function inReaders(stored: Stored, recipe: readonly Node[], later: readonly Kernel[], loads: number): readonly Kernel[] | null {
  const sources = loadsOf(recipe)
  const rewritten: Kernel[] = []
  for (let left = loads; left > 0; ) {
    const k = later[rewritten.length]
    if (k === undefined || writesOf(k).some(b => sources.includes(b))) return null
    const uses = readsOf(k).filter(b => b === stored.store.buffer).length
    const other = uses === 0 ? k : isNest(k) && k.section === stored.section ? inReader(stored, recipe, k) : null
    if (other === null) return null
    rewritten.push(other)
    left -= uses
  }
  return rewritten
}

/** The nodes that compute the value, last, from what is in memory after its kernel; null if they are many or not cheap. */
function recipeOf({ store, nodes, stores, extents, written }: Stored, gone: ReadonlySet<BufferId>): readonly Node[] | null {
  const recipe = new BodyBuilder(extents)
  let operations = 0
  const visit = (id: NodeId): NodeId | null => {
    const n = nodes[id] as Node
    const beside = stores.find(s => s.value === id && !gone.has(s.buffer) && sameMap(s.map, store.map))
    if (beside !== undefined) return recipe.push({ op: 'load', buffer: beside.buffer, dtype: n.dtype, map: beside.map })
    if (n.op === 'load') return isPlain(n) && !gone.has(n.buffer) && !written.includes(n.buffer) ? recipe.push(n) : null
    if (n.op === 'const') return recipe.push(n)
    if (!('args' in n) || !cheap.has(n.op) || ++operations > OPERATIONS) return null
    const args: NodeId[] = []
    for (const a of n.args) {
      const arg = visit(a)
      if (arg === null) return null
      args.push(arg)
    }
    return recipe.push({ ...n, args })
  }
  return isStatic(store.map) && visit(store.value) !== null ? recipe.nodes() : null
}

const isStatic = (a: Affine): boolean => a.dynamic === undefined

/** One reader with the recipe in place of its loads of the value. */
function inReader(stored: Stored, recipe: readonly Node[], k: Nest): Kernel | null {
  const epilogue = inNodes(stored, recipe, k.epilogue, k.extents.slice(0, k.parallel))
  const body = inNodes(stored, recipe, k.kind === 'loop' ? k.body : [], k.extents)
  if (epilogue === null || body === null) return null
  const outside = { epilogue: epilogue.nodes, stores: k.stores.map(s => ({ ...s, value: epilogue.to(s.value) })) }
  const other: Nest = k.kind === 'contraction' ? { ...k, ...outside } : { ...k, ...outside, ...inside(k, body) }
  return readsOf(other).includes(stored.store.buffer) ? null : other // an operand of a contraction, or part of an address
}

const inside = ({ bodyStores, reductions }: Loop, { nodes, to }: Rewritten): Pick<Loop, 'body' | 'bodyStores' | 'reductions'> => ({
  body: nodes,
  bodyStores: bodyStores.map(s => ({ ...s, value: to(s.value) })),
  reductions: reductions.map(r => ({ ...r, value: to(r.value), ...(r.index !== undefined && { index: to(r.index) }) })),
})

interface Rewritten {
  readonly nodes: readonly Node[]
  readonly to: (id: NodeId) => NodeId
}

/** The nodes with the recipe in place of loads of the value; null where they walk it otherwise, or would have to load more than before. */
function inNodes(
  { store, extents: space }: Stored,
  recipe: readonly Node[],
  nodes: readonly Node[],
  extents: readonly number[],
): Rewritten | null {
  const builder = new BodyBuilder(extents)
  const ids: NodeId[] = []
  for (const n of nodes) {
    if (n.op !== 'load' || n.buffer !== store.buffer) {
      ids.push(builder.push(renumber(n, id => ids[id] as NodeId)))
      continue
    }
    const order =
      isPlain(n) && n.map.offset === store.map.offset ? matchAxes({ extents: space, map: store.map }, { extents, map: n.map }) : null
    if (order === null) return null
    const along = (a: Affine): Affine => ({ ...a, strides: order.map(axis => a.strides[axis] as number) })
    const moved = recipe.map(node => mapNode(node, along))
    if (moved.filter(node => node.op === 'load' && isLarge(node, extents) && !isThere(node, nodes)).length > 1) return null
    const own: NodeId[] = []
    for (const node of moved) own.push(builder.push(renumber(node, id => own[id] as NodeId)))
    ids.push(own.at(-1) as NodeId)
  }
  return { nodes: builder.nodes(), to: id => ids[id] as NodeId }
}

const isPlain = (n: Load): boolean => n.guards === undefined && n.indirect === undefined && isStatic(n.map)
const isLarge = (n: Load, extents: readonly number[]): boolean =>
  sizeOf(extents.filter((_, axis) => n.map.strides[axis] !== 0)) > SMALL * sizeOf(extents)
const isThere = (n: Load, nodes: readonly Node[]): boolean =>
  nodes.some(m => m.op === 'load' && m.buffer === n.buffer && isPlain(m) && sameMap(m.map, n.map))
