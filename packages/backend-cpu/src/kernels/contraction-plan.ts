/**
 * How a contraction is cut: columns into panels and parts, rows into tiles and blocks, reduced axes into blocks, all into units and tasks.
 * The cuts depend on shapes alone, so that results do not depend on threads.
 */
import { type Form, strideAt } from './contraction-axes.ts'
import { type Layout, layoutSize } from './contraction-layout.ts'
import { maximumRows } from './contraction-micro.ts'
import { footprintOperand, type Operand, plainOperand } from './contraction-operand.ts'

/** Some axes one index at a time, one axis in pieces of `size`, the rest whole. */
export interface Split {
  readonly singles: readonly number[]
  readonly blocked: number | undefined
  readonly size: number
  readonly inner: readonly number[]
}

/** Tiles of one height along an axis. */
export interface Run {
  /** First index. */
  readonly start: number
  readonly rows: number
  readonly tiles: number
}

/** One tile of a small group of axes that is cut at compile time: the indices of its rows, relative to `first`. */
export interface FixedTile {
  readonly first: readonly number[]
  readonly rows: readonly (readonly number[])[]
}

/** Rows: tiles along one axis, or a list of tiles over the index tuples of several short axes. */
export type Tiling =
  | { readonly kind: 'runs'; readonly axis: number; readonly runs: readonly Run[] }
  | { readonly kind: 'fixed'; readonly axes: readonly number[]; readonly tiles: readonly FixedTile[] }

/** How an operand reaches the micro-kernel: where it lies, or from a packed block. */
export interface Placement {
  readonly packed: Operand | undefined
  readonly panels: boolean
}

export interface Plan {
  readonly vectors: number
  /** Panels of `4 * vectors` columns; the last one may be narrower. */
  readonly panels: number
  readonly lastLanes: number
  /** Panels in one part: what one unit does. */
  readonly partPanels: number
  readonly a: Placement
  readonly b: Placement
  readonly tiling: Tiling
  /** The rows' axes besides those of the tiling; when `blocked` is the tiling's own axis, `size` counts tiles. */
  readonly rows: Split
  readonly k: Split
  /** Blocks of rows in one unit. */
  readonly group: number
  /** Units in one task. */
  readonly grain: number
}

const KILO = 1024
/** Floats of a packed block of a: half of a typical second-level cache. */
const BLOCK_A = 32 * KILO
/** Floats of a packed part of b. */
const BLOCK_B = 48 * KILO
/** Reduced elements that one pass may have, and the length of a pass when there are more. */
const WHOLE_K = 1024
const BLOCK_K = 512

export const product = (axes: readonly number[], extents: readonly number[]): number => axes.reduce((n, i) => n * (extents[i] as number), 1)

/** Cuts `extent` into pieces of nearly equal size, at most `size` each. */
const balanced = (extent: number, size: number): number => Math.ceil(extent / Math.ceil(extent / size))

/** Keeps the innermost axes whole as long as `fits` says so; then cuts one. */
export function split(order: readonly number[], extents: readonly number[], fits: (lengths: readonly number[]) => boolean, lengths: readonly number[]): Split {
  const now = [...lengths]
  for (let d = order.length - 1; d >= 0; d--) {
    const axis = order[d] as number
    const extent = extents[axis] as number
    let size = extent
    for (now[axis] = size; size > 1 && !fits(now); now[axis] = size) size = size > 64 ? size >> 1 : size - 1
    if (size < extent) return { singles: order.slice(0, d), blocked: axis, size: balanced(extent, size), inner: order.slice(d + 1) }
  }
  return { singles: [], blocked: undefined, size: 1, inner: order }
}

/** Heights of tiles: as equal as possible, so that none is much below the best. */
export function runsOf(extent: number, maximum: number): Run[] {
  const tiles = Math.ceil(extent / maximum)
  const rows = Math.floor(extent / tiles)
  const more = extent - rows * tiles
  return [{ start: 0, rows: rows + 1, tiles: more }, { start: more * (rows + 1), rows, tiles: tiles - more }].filter((r) => r.tiles > 0)
}

/** All index tuples of some axes, last fastest. */
function tuplesOf(axes: readonly number[], extents: readonly number[]): number[][] {
  return axes.reduce<number[][]>((all, axis) => all.flatMap((t) => Array.from({ length: extents[axis] as number }, (_, i) => [...t, i])), [[]])
}

function fixedTiling(axes: readonly number[], extents: readonly number[], maximum: number): Tiling {
  const tuples = tuplesOf(axes, extents)
  const tiles = runsOf(tuples.length, maximum).flatMap((run) => Array.from({ length: run.tiles }, (_, t) => {
    const rows = tuples.slice(run.start + t * run.rows, run.start + (t + 1) * run.rows)
    const first = rows[0] as number[]
    return { first, rows: rows.map((row) => row.map((x, i) => x - (first[i] as number))) }
  }))
  return { kind: 'fixed', axes, tiles }
}

/** Axes by descending stride in an operand: as they lie in memory. */
const byStride = (axes: readonly number[], stride: (axis: number) => number): number[] =>
  [...axes].sort((x, y) => Math.abs(stride(y)) - Math.abs(stride(x)))

/** The innermost axis of a makes the tiles; short ones are taken together. */
function tilingOf(form: Form, order: readonly number[], maximum: number): Tiling {
  const { extents } = form
  const last = order[order.length - 1]
  if (last === undefined) return fixedTiling([], extents, maximum)
  if ((extents[last] as number) >= maximum - 1) return { kind: 'runs', axis: last, runs: runsOf(extents[last] as number, maximum) }
  let axes = [last]
  for (let d = order.length - 2; d >= 0 && product([order[d] as number, ...axes], extents) <= 32; d--) axes = [order[d] as number, ...axes]
  return fixedTiling(axes, extents, maximum)
}

/** The order of a packed block of a: as in memory for a footprint; rows, then reduced axes otherwise. */
function orderA(form: Form, operand: Operand, k: readonly number[]): number[] {
  const index = operand.coordinates.map((_, q) => q)
  const stride = (q: number): number => Math.abs(operand.coordinates[q]?.stride as number)
  const shared = operand.coordinates.some((c) => c.coefficients.filter((w) => w !== 0).length > 1)
  if (shared) return index.sort((x, y) => stride(y) - stride(x))
  const depth = (q: number): number => k.findIndex((axis) => operand.coordinates[q]?.coefficients[axis] !== 0)
  return index.sort((x, y) => depth(x) - depth(y) || stride(y) - stride(x))
}

/** The packed block of a whose axes have these lengths. `width`: rows of a tile, when it is laid out in panels. */
export function layoutA(form: Form, plan: Pick<Plan, 'a' | 'k' | 'tiling'>, lengths: readonly number[], width: number): Layout {
  const operand = plan.a.packed as Operand
  const axis = plan.tiling.kind === 'runs' ? plan.tiling.axis : -1
  const coordinate = plan.a.panels ? operand.coordinates.findIndex((c) => c.coefficients[axis] !== 0) : -1
  const order = orderA(form, operand, kOrder(plan.k)).filter((q) => q !== coordinate)
  return { operand, order, panels: coordinate < 0 ? undefined : { coordinate, axis, width }, lengths }
}

/** The packed part of b: panels of columns, reduced axes in the order of the micro-kernel. */
export function layoutB(form: Form, plan: Pick<Plan, 'b' | 'k'>, lengths: readonly number[], width: number): Layout {
  const operand = plan.b.packed as Operand
  const axis = form.n ?? -1
  const coordinate = operand.coordinates.findIndex((c) => c.coefficients[axis] !== 0)
  const order = kOrder(plan.k).map((k) => operand.coordinates.findIndex((c) => c.coefficients[k] !== 0)).filter((q) => q >= 0)
  return { operand, order, panels: coordinate < 0 ? undefined : { coordinate, axis, width }, lengths }
}

export const kOrder = (k: Split): number[] => [...k.singles, ...(k.blocked === undefined ? [] : [k.blocked]), ...k.inner]

/** Lengths of one block of the reduced axes: `size` of the blocked one. */
export function kLengths(form: Form, k: Split, size: number): number[] {
  return form.extents.map((extent, axis) => (k.inner.includes(axis) ? extent : axis === k.blocked ? size : 1))
}

function placeA(form: Form): Placement {
  if ((form.a.guards ?? []).length === 0) return { packed: undefined, panels: false }
  const axes = form.extents.length
  return { packed: footprintOperand(form.a, axes) ?? plainOperand(form.a, axes), panels: false }
}

function placeB(form: Form, vectors: number): Placement {
  const contiguous = form.n === undefined || strideAt(form.b.map, form.n) === 1
  const few = product(form.m, form.extents) <= 16
  if ((form.b.guards ?? []).length === 0 && contiguous && (few || vectors === 0)) return { packed: undefined, panels: false }
  return { packed: plainOperand(form.b, form.extents.length), panels: true }
}

/** Vectors in a tile: two, or as many as the columns need; more when there are few rows to share them. */
function vectorsFor(columns: number, rows: number): number {
  const needed = Math.ceil(columns / 4)
  if (rows === 1) return Math.min(needed, 6)
  if (rows <= 3) return Math.min(needed, 6 - rows)
  return needed <= 3 ? needed : 2
}

export function makePlan(form: Form, fma: boolean): Plan {
  const { extents } = form
  const columns = form.n === undefined ? 1 : (extents[form.n] as number)
  const rowCount = product(form.m, extents)
  const vectors = vectorsFor(columns, rowCount)
  const width = 4 * vectors
  const panels = Math.ceil(columns / width)
  const strideA = (axis: number): number => strideAt(form.a.map, axis)
  const order = byStride(form.m, strideA)
  const tiling = tilingOf(form, order, maximumRows(vectors, fma))
  const [a, b] = [placeA(form), placeB(form, vectors)]
  const ones = extents.map(() => 1)
  const kSorted = byStride(form.k, (axis) => strideA(axis) || strideAt(form.b.map, axis))
  const kFits = (limit: number) => (lengths: readonly number[]): boolean => product(form.k, lengths) <= limit
  const k = split(kSorted, extents, kFits(product(form.k, extents) <= WHOLE_K ? WHOLE_K : BLOCK_K), ones)
  const rows = splitRows(form, { a, k, tiling }, order)
  const kBlock = product(form.k, kLengths(form, k, k.size))
  const partPanels = balanced(panels, Math.max(1, Math.min(panels, Math.floor(BLOCK_B / Math.max(1, kBlock * width)))))
  return { vectors, panels, lastLanes: ((columns - 1) % 4) + 1, partPanels, a, b, tiling, rows, k, group: 1, grain: 1 }
}

/** The rows of one block: as many as fit, tiles innermost. */
function splitRows(form: Form, plan: Pick<Plan, 'a' | 'k' | 'tiling'>, order: readonly number[]): Split {
  const { extents } = form
  const { tiling } = plan
  const base = kLengths(form, plan.k, plan.k.size)
  const tall = tiling.kind === 'runs' ? Math.max(...tiling.runs.map((r) => r.rows)) : 1
  const fits = (lengths: readonly number[]): boolean =>
    plan.a.packed === undefined ? product(form.m, lengths) <= 48 : layoutSize(layoutA(form, plan, lengths, tall)) <= BLOCK_A
  const tiled = tiling.kind === 'runs' ? [tiling.axis] : tiling.axes
  if (tiling.kind === 'fixed') for (const axis of tiled) base[axis] = extents[axis] as number
  const outer = order.filter((axis) => !tiled.includes(axis))
  const cut = split([...outer, ...(tiling.kind === 'runs' ? tiled : [])], extents, fits, base)
  const inner = cut.inner.filter((axis) => !tiled.includes(axis))
  if (tiling.kind === 'runs' && cut.blocked === tiling.axis) return { ...cut, size: Math.max(1, Math.floor(cut.size / tall)), inner }
  return { ...cut, inner }
}
