/**
 * Reductions in two Loops: results of fixed blocks of one reduced axis, then the combination of these. Two kinds gain: those with few
 * results and much work, such as the sum of a whole tensor or the gradient of a bias; and those down long columns, whose elements all lie
 * in different pages. The blocks depend on sizes alone, so results never depend on threads.
 */
import type { SplitLimits } from '../backend/backend.ts'
import type { DType } from '../dtype.ts'
import { sizeOf, stridesOf } from '../shape.ts'
import type { Affine, BufferId, BufferSpec, Kernel, Load, Loop, Node, NodeId, Reduction } from './kernel.ts'
import type { Lowered } from './lower.ts'
import { mapAffines, mapNested } from './rewrite.ts'

/**
 * A block of 4096 points takes about as long as waking a thread; 64 tasks share evenly among the threads of today's machines. A processor
 * keeps the addresses of some 64 pages of 1024 floats at hand: 16 MB summed down 2048 columns take 1.68 ms whole, 0.60 in blocks of 512,
 * 0.50 in blocks of 128, 0.57 in blocks of 32.
 */
const limits: SplitLimits = { points: 1 << 15, lanes: 16, enough: 16, tasks: 64, block: 1 << 12, column: 128, far: 512 }

export function splitReductions(lowered: Lowered, given: SplitLimits = limits): Lowered {
  const buffers: BufferSpec[] = [...lowered.buffers]
  const allocate = (dtype: DType, size: number): BufferId => buffers.push({ dtype, size }) - 1
  const pass = (kernels: readonly Kernel[]): readonly Kernel[] =>
    kernels.flatMap((k): readonly Kernel[] => {
      const cut = k.kind === 'loop' ? (chooseBlocks(k, given) ?? cutColumns(k, given)) : null
      return k.kind === 'loop' && cut !== null ? inBlocks(k, cut, allocate) : [mapNested(k, pass)]
    })
  const kernels = pass(lowered.kernels)
  return { ...lowered, buffers, kernels }
}

/** `count` blocks of `length` indices of a reduced axis, and `rest` indices after them. */
interface Blocks {
  readonly axis: number
  readonly count: number
  readonly length: number
  readonly rest: number
}

const isArg = (r: Reduction): boolean => r.index !== undefined

function chooseBlocks(k: Loop, { points, lanes, rowLanes = lanes, enough, tasks, block }: SplitLimits): Blocks | null {
  const all = sizeOf(k.extents),
    parallel = Math.ceil(sizeOf(k.extents.slice(0, k.parallel)) / (reducesRows(k) ? rowLanes : lanes))
  if (k.reductions.length === 0 || all === 0 || all < points || parallel >= enough) return null
  const wanted = Math.min(Math.ceil(tasks / parallel), Math.floor(all / block))
  const axis = axisToCut(k, wanted)
  const extent = k.extents[axis] ?? 1,
    count = Math.min(wanted, extent)
  const length = Math.floor(extent / count)
  return count < 2 ? null : { axis, count, length, rest: extent - count * length }
}

/** Of the loads that change along the reduced axes, do more go to the next element there than along the results? */
function reducesRows({ body, parallel }: Loop): boolean {
  const loads = body.flatMap(n => (n.op === 'load' ? [n.map.strides] : [])),
    strides = loads.filter(s => s.slice(parallel).some(x => x !== 0))
  const near = (from: number, to?: number): number => strides.filter(s => s.slice(from, to).some(x => Math.abs(x) === 1)).length
  return near(parallel) > near(0, parallel)
}

/** Blocks of a reduced axis along which all loads go far at each step, where neighbouring results read neighbouring elements. */
function cutColumns(k: Loop, { points, column, far }: SplitLimits): Blocks | null {
  if (sizeOf(k.extents) < points) return null
  const loads = k.body.flatMap(n => (n.op === 'load' ? [n.map.strides.map(Math.abs)] : []))
  const isFar = (axis: number): boolean => loads.some(s => s[axis] !== 0) && loads.every(s => s[axis] === 0 || (s[axis] as number) >= far)
  const reduced = k.extents.map((_, axis) => axis).slice(k.parallel)
  const candidates = k.reductions.some(isArg) ? reduced.slice(0, 1) : reduced
  const axis = candidates.find(a => (k.extents[a] as number) >= 2 * column && isFar(a))
  if (axis === undefined || !loads.some(s => s.slice(0, k.parallel).includes(1))) return null
  const extent = k.extents[axis] as number,
    count = Math.floor(extent / column)
  return { axis, count, length: column, rest: extent - count * column }
}

/**
 * A Loop that reduces more than `most` points (2 or more) to one result as several that reduce no more, the last of which stores; the buffers between
 * come from `allocate`. For backends whose loops have a limit.
 */
export function limitReductions(k: Loop, most: number, allocate: (dtype: DType, size: number) => BufferId): readonly Loop[] {
  const points = sizeOf(k.extents.slice(k.parallel))
  if (k.reductions.length === 0 || points <= most || sizeOf(k.extents) === 0) return [k]
  const wanted = Math.ceil(points / most),
    axis = axisToCut(k, wanted),
    extent = k.extents[axis] as number
  const length = Math.ceil(extent / wanted),
    count = Math.floor(extent / length)
  if (extent < 2) return [k]
  return inBlocks(k, { axis, count, length, rest: extent - count * length }, allocate).flatMap(part =>
    limitReductions(part, most, allocate),
  )
}

/** The outermost reduced axis, where the order of ties shows; else a longer one if that is too short. */
function axisToCut(k: Loop, wanted: number): number {
  const axes = k.extents
    .map((_, i) => i)
    .slice(k.parallel)
    .filter(i => k.extents[i] !== 1)
  const first = axes[0] ?? k.parallel
  if (k.reductions.some(isArg) || (k.extents[first] ?? 1) >= wanted) return first
  return axes.reduce((a, b) => ((k.extents[b] as number) > (k.extents[a] as number) ? b : a), first)
}

function inBlocks(k: Loop, { axis, count, length, rest }: Blocks, allocate: (dtype: DType, size: number) => BufferId): readonly Loop[] {
  const results = sizeOf(k.extents.slice(0, k.parallel))
  const reductions = k.reductions.flatMap(r => partialOf(r, k.body))
  const partials = reductions.map(r => allocate(r.dtype, results * (count + (rest > 0 ? 1 : 0))))
  const whole = storePartials(withBlockAxis(k, axis, count, length), reductions, partials, 0)
  const remainder = storePartials(from(k, axis, count * length, rest), reductions, partials, count * results)
  const combination = combine(k, reductions, partials, count + (rest > 0 ? 1 : 0))
  return rest > 0 ? [whole, remainder, combination] : [whole, combination]
}

/** Of a winner's index also the winner's value is kept. */
function partialOf(r: Reduction, body: readonly Node[]): readonly Reduction[] {
  if (!isArg(r)) return [r]
  return [{ op: r.op === 'argmax' ? 'max' : 'min', dtype: (body[r.value] as Node).dtype, value: r.value }, r]
}

/** The blocks as a new first axis. */
function withBlockAxis(k: Loop, axis: number, count: number, length: number): Loop {
  const full = (a: Affine): Affine => ({ ...a, strides: [(a.strides[axis] as number) * length, ...a.strides] })
  const outer = (a: Affine): Affine => ({ ...a, strides: [0, ...a.strides] })
  const extents = [count, ...k.extents.map((n, i) => (i === axis ? length : n))]
  return mapAffines(k, extents, k.parallel + 1, full, outer)
}

/** The `n` indices of an axis from `start` on. */
function from(k: Loop, axis: number, start: number, n: number): Loop {
  const move = (a: Affine): Affine => ({ ...a, offset: a.offset + start * (a.strides[axis] as number) })
  return mapAffines(
    k,
    k.extents.map((m, i) => (i === axis ? n : m)),
    k.parallel,
    move,
    a => a,
  )
}

const rowMajor = (extents: readonly number[], offset = 0): Affine => ({ offset, strides: stridesOf(extents) })

function storePartials(k: Loop, reductions: readonly Reduction[], partials: readonly BufferId[], offset: number): Loop {
  const map = rowMajor(k.extents.slice(0, k.parallel), offset)
  return {
    ...k,
    reductions,
    epilogue: reductions.map((r, index) => ({ op: 'reduced', dtype: r.dtype, index })),
    stores: partials.map((buffer, value) => ({ buffer, map, value })),
  }
}

/** Reduces the blocks' results; its epilogue is that of `k`. */
function combine(k: Loop, reductions: readonly Reduction[], partials: readonly BufferId[], count: number): Loop {
  const outer = k.extents.slice(0, k.parallel)
  const map: Affine = { offset: 0, strides: [...stridesOf(outer), sizeOf(outer)] }
  const body = partials.map((buffer, i): Load => ({ op: 'load', buffer, dtype: (reductions[i] as Reduction).dtype, map }))
  let next: NodeId = 0
  const again = k.reductions.map(
    ({ op, dtype, index }): Reduction => (index === undefined ? { op, dtype, value: next++ } : { op, dtype, value: next++, index: next++ }),
  )
  return { ...k, extents: [...outer, count], body, bodyStores: [], reductions: again }
}
