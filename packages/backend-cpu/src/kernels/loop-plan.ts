/** Decides how a simplified Loop runs: which axis the vectors lie along, in which order the axes nest, how much to unroll. */
import { type Affine, type BufferSpec, type Loop, type Node, type Store } from '@cotangent/core/kernel'
import { beginCost, combineCost, hostCalls, instructionCosts, integerDivision, loops, moveCosts, otherInstruction } from '../tuning.ts'
import { remap } from './loop-simplify.ts'

export interface LoopPlan {
  /** With the axes in nesting order: the rows' axes, then the vector axis if it is parallel, then the tile axis, then the reduced ones. */
  readonly loop: Loop
  /** The vector axis: a parallel one, the last reduced one, or -1. */
  readonly vector: number
  /** Does a parallel axis run inside the vector axis, as in a transposition? */
  readonly tiled: boolean
  /** Vectors a step. */
  readonly unroll: number
  /** Each vector of a step goes into its accumulator before the next is loaded, which leaves more registers to accumulators. */
  readonly inTurn: boolean
  /** The last vector along a parallel axis may be whole: all accesses stay in buffers that are padded to whole vectors. */
  readonly whole: boolean
  /** Estimated nanoseconds of one point of the iteration space. */
  readonly pointCost: number
}

function computeCost(n: Node): number {
  const heavy = instructionCosts[n.op]
  if (heavy === undefined) return otherInstruction
  return n.dtype === 'float64' && heavy > 2 ? hostCalls : n.dtype === 'int32' || n.dtype === 'uint32' ? integerDivision : heavy
}

/** Cost of moving four elements whose addresses are `stride` apart. */
const moveCost = (stride: number): number => (stride === 0 ? moveCosts.still : stride === 1 ? moveCosts.next : stride === -1 || stride === 2 ? moveCosts.near : moveCosts.far)

function loadCost(n: Node & { readonly op: 'load' }, axis: number): number {
  const gathers = (n.indirect ?? []).length > 0 ? moveCosts.gather : 0
  const guarded = (n.guards ?? []).some(g => g.index.strides[axis] !== 0) ? moveCosts.guard : 0
  return moveCost(n.map.strides[axis] ?? 0) + gathers + guarded
}

const nodesCost = (nodes: readonly Node[], axis: number): number =>
  nodes.reduce((sum, n) => sum + (n.op === 'load' ? loadCost(n, axis) : computeCost(n)), 0)
const storesCost = (stores: readonly Store[], axis: number): number =>
  stores.reduce((sum, s) => sum + moveCost(s.map.strides[axis] ?? 0), 0)

/** Cost of four points when vectors lie along `axis`. */
const vectorCost = (loop: Loop, axis: number): number =>
  nodesCost(loop.body, axis) + storesCost(loop.bodyStores, axis) + loop.reductions.length * otherInstruction

/** Cost of the whole loop for a choice of the vector axis (-1: none). */
function totalCost(loop: Loop, axis: number): number {
  const points = loop.extents.reduce((a, n) => a * n, 1)
  const results = loop.extents.slice(0, loop.parallel).reduce((a, n) => a * n, 1)
  const shrink = (n: number): number => Math.ceil(n / 4) / n
  const extent = axis < 0 ? 1 : (loop.extents[axis] as number)
  const along = axis < loop.parallel && axis >= 0
  const perPoint = vectorCost(loop, axis) * (axis < 0 ? 1 : shrink(extent))
  const perResult = (nodesCost(loop.epilogue, axis) + storesCost(loop.stores, axis)) * (along ? shrink(extent) : 1)
  const horizontal = axis >= loop.parallel ? combineCost * loop.reductions.length : 0
  const rows = points / (axis < 0 ? 1 : extent) // every run of the vector loop has a cost of its own
  return (loop.body.length > 0 ? points * perPoint : 0) + results * (perResult + horizontal) + rows * beginCost
}

/** Ties between equal values go to the first in iteration order, which lanes would mix unless the index grows with it. */
function mayMixLanes(loop: Loop, axis: number): boolean {
  return loop.reductions.every(r => {
    if (r.index === undefined) return true
    const node = loop.body[r.index] as Node
    if (node.op !== 'iota' || axis !== loop.extents.length - 1) return false
    return node.map.strides.slice(loop.parallel).every((s, k, all) => {
      const inner = all.slice(k + 1).reduce((sum, t, j) => sum + t * ((loop.extents[loop.parallel + k + 1 + j] as number) - 1), 0)
      return s > inner
    })
  })
}

const move = (axes: readonly number[], axis: number): number[] => [...axes.filter(a => a !== axis), axis]

/** The loop with `axis` moved to the end of its kind. */
function reorder(loop: Loop, axis: number): Loop {
  const all = loop.extents.map((_, i) => i)
  const parallel = all.slice(0, loop.parallel),
    reduced = all.slice(loop.parallel)
  const order = axis < 0 ? all : axis < loop.parallel ? [...move(parallel, axis), ...reduced] : [...parallel, ...move(reduced, axis)]
  return remap(
    loop,
    order.map(source => ({ source, extent: loop.extents[source] as number })),
    loop.parallel,
  )
}

/** Everything runs from the start to the end of its buffer in steps of 1, or stands still. */
function isDense(loop: Loop, buffers: readonly BufferSpec[]): boolean {
  if (loop.extents.length !== 1 || loop.parallel !== 1) return false
  const extent = loop.extents[0] as number
  const fits = (map: Affine, buffer: number): boolean =>
    map.offset === 0 && map.strides[0] === 1 && map.dynamic === undefined && buffers[buffer]?.size === extent
  return (
    loop.stores.every(s => fits(s.map, s.buffer)) &&
    loop.epilogue.every(n =>
      n.op === 'load' ? n.guards === undefined && n.indirect === undefined && (n.map.strides[0] === 0 || fits(n.map, n.buffer)) : true,
    )
  )
}

/** Which nodes differ from element to element along an axis. */
function varying(nodes: readonly Node[], axis: number): readonly boolean[] {
  const out: boolean[] = []
  const moves = (a: Affine): boolean => a.strides[axis] !== 0
  for (const n of nodes) {
    switch (n.op) {
      case 'const':
        out.push(false)
        break
      case 'iota':
        out.push(moves(n.map))
        break
      case 'load':
        out.push(moves(n.map) || (n.guards ?? []).some(g => moves(g.index)) || (n.indirect ?? []).some(t => out[t.index]))
        break
      case 'inside':
        out.push(n.guards.some(g => moves(g.index)))
        break
      case 'reduced':
        out.push(true)
        break
      default:
        out.push(n.args.some(a => out[a]))
    }
  }
  return out
}

const instructionsCost = (nodes: readonly Node[]): number => nodes.reduce((sum, n) => sum + computeCost(n), 0)

/** Bodies gain from independent work in flight up to a point; gathers by element and guards make code long. */
function unrollOf(loop: Loop, vector: number): number {
  const nodes = [...loop.body, ...(loop.body.length > 0 ? [] : loop.epilogue)]
  const differs = varying(nodes, vector)
  const bulky = nodes.some(
    n =>
      n.op === 'load' && ((n.indirect ?? []).some(t => differs[t.index]) || (n.guards ?? []).some(g => g.index.strides[vector] !== 0)),
  )
  if (vector < 0 || bulky) return 1
  const cost = instructionsCost(nodes)
  if (cost > loops.oneCopy) return 1
  if (cost > loops.twoCopies) return 2
  if (loop.reductions.length === 0 && cost >= loops.longBody) return loops.longBodyCopies
  return cost < 1 && isLongChain(loop, vector) ? loops.chainCopies : loops.copies
}

/** One reduction along long vectors with one register an accumulator. */
function isLongChain({ extents, parallel, reductions, bodyStores }: Loop, vector: number): boolean {
  const [r, ...others] = reductions
  if (r === undefined || others.length > 0 || bodyStores.length > 0 || vector < parallel || (extents[vector] as number) < loops.longChain) return false
  return r.dtype === 'float32' ? r.op === 'sum' || r.op === 'prod' : r.index === undefined && r.dtype !== 'float64'
}

/**
 * A row axis along which a load is contiguous that is not so along the vectors. The loop with `loops.tile` of its indices as an axis of their own
 * inside the vector axis: then the cache lines of the load are used up while they are near.
 */
function tile(loop: Loop, vector: number): Loop | undefined {
  if (loop.body.length > 0 || vector < 0) return undefined
  const far = (n: Node, axis: number): boolean =>
    n.op === 'load' &&
    n.indirect === undefined &&
    Math.abs(n.map.strides[vector] as number) > 2 &&
    Math.abs(n.map.strides[axis] as number) === 1
  const axis = loop.extents.findIndex((n, a) => a !== vector && n % loops.tile === 0 && n > loops.tile && loop.epilogue.some(node => far(node, a)))
  if (axis < 0) return undefined
  const axes = loop.extents.map((extent, source) => (source === axis ? { extent: extent / loops.tile, source, times: loops.tile } : { extent, source }))
  return remap(loop, [...axes, { extent: loops.tile, source: axis }], loop.parallel + 1)
}

export function planLoop(loop: Loop, buffers: readonly BufferSpec[]): LoopPlan {
  const candidates = loop.extents.flatMap((n, axis) => (n > 1 && (axis < loop.parallel || mayMixLanes(loop, axis)) ? [axis] : []))
  const costs = new Map([-1, ...candidates].map(axis => [axis, totalCost(loop, axis)] as const))
  const best = [...costs].reduce((a, b) => (b[1] < a[1] || (b[1] === a[1] && b[0] > a[0]) ? b : a))
  const axis = best[0]
  const ordered = reorder(loop, axis)
  const vector = axis < 0 ? -1 : axis < loop.parallel ? loop.parallel - 1 : loop.extents.length - 1
  const points = loop.extents.reduce((a, n) => a * n, 1)
  const tiles = tile(ordered, vector)
  return {
    loop: tiles ?? ordered,
    vector,
    tiled: tiles !== undefined,
    unroll: tiles === undefined ? unrollOf(ordered, vector) : 1,
    inTurn: loop.bodyStores.length === 0 && instructionsCost(loop.body) < 1,
    whole: vector === 0 && isDense(ordered, buffers),
    pointCost: best[1] / points,
  }
}
