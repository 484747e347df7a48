/**
 * How a contraction is cut: columns into panels and parts, rows into tiles and blocks, reduced axes into blocks. The cuts depend on shapes
 * alone, so that results do not depend on threads.
 */
import type { Affine } from '@cotangent/core/kernel'
import { type Form, splitAxis, strideAt } from './contraction-axes.ts'
import { coordinateOrder, type Layout, layoutSize } from './contraction-layout.ts'
import { maximumRows } from './contraction-micro.ts'
import { type Operand, plainOperand } from './contraction-operand.ts'
import { IN_PLACE, isDot, panelsOf, placeA, placeB, type Placement } from './contraction-placement.ts'
import { betterTogether, product, tallest, tiledAxes, type Tiling, tilingOf } from './contraction-tiling.ts'
import { type Column, contraction as tuned } from '../tuning.ts'

/** Some axes one index at a time, one axis in pieces of `size`, the rest whole. */
export interface Split {
  readonly singles: readonly number[]
  readonly blocked: number | undefined
  readonly size: number
  readonly inner: readonly number[]
}

export interface Plan {
  readonly vectors: number
  /** Panels of `4 * vectors` columns; the last one may be narrower. */
  readonly panels: number
  /** Panels in one part, at most: what one unit does. */
  readonly partPanels: number
  readonly a: Placement
  readonly b: Placement
  /** Vectors run along the reduced axis. */
  readonly dot: boolean
  readonly tiling: Tiling
  /** The rows' axes besides those of the tiling; when `blocked` is the tiling's own axis, `size` counts tiles. */
  readonly rows: Split
  readonly k: Split
}

/** Cuts `extent` into pieces of nearly equal size, at most `size` each. */
const balanced = (extent: number, size: number): number => Math.ceil(extent / Math.ceil(extent / size))

/** Keeps the innermost axes whole as long as `fits` says so; then cuts one. */
function split(
  order: readonly number[],
  extents: readonly number[],
  lengths: readonly number[],
  fits: (lengths: readonly number[]) => boolean,
): Split {
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

export const kOrder = (k: Split): number[] => [...k.singles, ...(k.blocked === undefined ? [] : [k.blocked]), ...k.inner]

/** Lengths of one block of the reduced axes: `size` of the blocked one. */
export function kLengths(form: Form, k: Split, size: number): number[] {
  return form.extents.map((extent, axis) => (k.inner.includes(axis) ? extent : axis === k.blocked ? size : 1))
}

function layoutOf(
  form: Form,
  k: Split,
  place: Placement,
  lengths: readonly number[],
  panelAxis: number | undefined,
  width: number,
): Layout {
  if (place.kind === 'inPlace') return { operand: plainOperand(form.a, 0), order: [], panels: undefined, lengths }
  const { operand } = place
  const coordinate =
    place.kind === 'panels' && panelAxis !== undefined ? operand.coordinates.findIndex((c) => c.coefficients[panelAxis] !== 0) : -1
  const order = coordinateOrder(operand, kOrder(k), form.n).filter((q) => q !== coordinate)
  return { operand, order, panels: coordinate < 0 ? undefined : { coordinate, axis: panelAxis as number, width }, lengths }
}

/** The packed block of a whose axes have these lengths. `width`: rows of a tile, for panels. */
export const layoutA = (form: Form, plan: Pick<Plan, 'a' | 'k' | 'tiling'>, lengths: readonly number[], width: number): Layout =>
  layoutOf(form, plan.k, plan.a, lengths, plan.tiling.kind === 'runs' ? plan.tiling.axis : undefined, width)

/** The packed part of b. `width`: columns of a panel. */
export const layoutB = (form: Form, plan: Pick<Plan, 'b' | 'k'>, lengths: readonly number[], width: number): Layout =>
  layoutOf(form, plan.k, plan.b, lengths, form.n, width)

// ---- the plan

/** Vectors in a tile: two registers, or as many as the columns need; more when there are few rows to share them. */
function vectorsFor(columns: number, rows: number, column: Column): number {
  const needed = Math.ceil(columns / 4)
  if (rows === 1) return Math.min(needed, 6 * column.vectors)
  if (rows <= 3) return Math.min(needed, (6 - rows) * column.vectors)
  return needed <= 3 ? needed : 2 * column.vectors
}

/** Axes by descending stride: as they lie in memory. */
const byStride = (axes: readonly number[], stride: (axis: number) => number): number[] =>
  [...axes].sort((x, y) => Math.abs(stride(y)) - Math.abs(stride(x)))

function splitK(form: Form, b: Placement, dot: boolean): Split {
  const { extents } = form
  // Few rows times a matrix: sweep over a few lines of b at a time, which memory delivers in sequence.
  const sweep = b.kind === 'inPlace' && !dot && product(form.m, extents) <= 16 && form.k.every((k) => strideAt(form.b.map, k) >= 256)
  const limit = sweep ? tuned.sweepK : product(form.k, extents) <= tuned.wholeK ? tuned.wholeK : tuned.blockK
  const order = byStride(form.k, (axis) => strideAt(form.a.map, axis) || strideAt(form.b.map, axis))
  return split(
    order,
    extents,
    extents.map(() => 1),
    (lengths) => product(form.k, lengths) <= limit,
  )
}

/** The plan, for a form in which an axis may have been cut in two. */
export function makePlan(whole: Form, column: Column): { readonly form: Form; readonly plan: Plan } {
  const form = cutForTiles(whole, column)
  const { extents } = form
  const columns = form.n === undefined ? 1 : (extents[form.n] as number)
  const dot = isDot(form)
  const vectors = dot ? Math.min(2, Math.ceil(columns / 4)) : vectorsFor(columns, product(form.m, extents), column)
  const panels = Math.ceil(columns / (4 * vectors))
  const order = byStride(form.m, (axis) => strideAt(form.a.map, axis))
  const tiling = tilingOf(order, extents, dot ? 1 : maximumRows(vectors, column))
  const [a, first] = dot ? [IN_PLACE, IN_PLACE] : [placeA(form, tiling, order), placeB(form)]
  const k = splitK(form, first, dot)
  const b = first.kind === 'copy' && footprintOfB(form, k, first) > tuned.footprintB ? panelsOf(form) : first
  const partPanels = partOf({ form, k, a, b, panels, width: 4 * vectors })
  const otherUnits = product(form.batch, extents) * Math.ceil(panels / partPanels)
  const rows = splitRows(form, { a, k, tiling }, order, blockRows(form, otherUnits))
  return { form, plan: { vectors, panels, partPanels, a, b, dot, tiling, rows, k } }
}

function cutForTiles(form: Form, column: Column): Form {
  const columns = form.n === undefined ? 1 : (form.extents[form.n] as number)
  const rows = maximumRows(vectorsFor(columns, product(form.m, form.extents), column), column)
  const order = byStride(form.m, (axis) => strideAt(form.a.map, axis))
  const factor = betterTogether(order, form.extents, rows)
  return factor === 1 ? form : splitAxis(form, order[order.length - 2] as number, factor)
}

/** Floats of a copy of b: all columns, one block of the reduced axes. */
function footprintOfB(form: Form, k: Split, b: Placement): number {
  const lengths = kLengths(form, k, k.size)
  if (form.n !== undefined) lengths[form.n] = form.extents[form.n] as number
  return layoutSize(layoutB(form, { b, k }, lengths, 0))
}

/** Panels of one part of the columns: what fits the cache; all of them where the columns are no panels of b. */
function partOf({
  form,
  k,
  a,
  b,
  panels,
  width,
}: {
  form: Form
  k: Split
  a: Placement
  b: Placement
  panels: number
  width: number
}): number {
  if (b.kind === 'copy' || (form.lanesInBoth && a.kind !== 'inPlace')) return panels
  const kBlock = Math.max(1, product(form.k, kLengths(form, k, k.size)))
  const floats = a.kind === 'panels' ? 3 * tuned.blockB : tuned.blockB // wide parts where each part packs all of a
  const fitting = Math.max(1, Math.min(panels, Math.floor(floats / (kBlock * width))))
  const wanted =
    a.kind === 'inPlace' ? wantedUnits(form) / (product(form.batch, form.extents) * Math.ceil(product(form.m, form.extents) / 12)) : 1
  return balanced(panels, Math.min(fitting, Math.ceil(panels / Math.max(1, wanted))))
}

/** Rows that a block may have so that there are enough units, given how many there are for each block. */
function blockRows(form: Form, unitsPerBlock: number): number {
  const rows = product(form.m, form.extents)
  return Math.max(12, Math.floor(rows / Math.max(1, wantedUnits(form) / unitsPerBlock)))
}

/** Units that would spread the work well. */
const wantedUnits = (form: Form): number =>
  Math.min(
    tuned.manyUnits,
    product(
      form.extents.map((_, i) => i),
      form.extents,
    ) / tuned.unitWork,
  )

/** The rows of one block: as many as fit and as `most` allows, tiles innermost. */
function splitRows(form: Form, plan: Pick<Plan, 'a' | 'k' | 'tiling'>, order: readonly number[], most: number): Split {
  const { extents } = form
  const { tiling, a, k } = plan
  const base = kLengths(form, k, k.size)
  if (form.lanesInBoth && form.n !== undefined) base[form.n] = extents[form.n] as number
  const tall = tallest(tiling)
  const inPlaceRows = streams(form) >= tuned.manyStreams ? tall : tuned.blockRows
  const fits = (lengths: readonly number[]): boolean => {
    const rows = product(form.m, lengths)
    return a.kind === 'inPlace'
      ? rows <= Math.min(inPlaceRows, most)
      : rows <= most && layoutSize(layoutA(form, plan, lengths, tall)) <= tuned.blockA
  }
  const tiled = tiledAxes(tiling)
  const outer = order.filter((axis) => !tiled.includes(axis))
  if (tiling.kind === 'fixed') {
    for (const axis of tiled) base[axis] = extents[axis] as number
    return split(outer, extents, base, fits)
  }
  // Rows that overlap in the footprint (the taps of a weight gradient) stay together, around them the tiles.
  const overlaps = (axis: number): boolean => a.kind === 'copy' && sharesCoordinate(a.operand, axis, form.k)
  const overlapping = overlaps(tiling.axis) ? [] : outer.filter(overlaps)
  const apart = outer.filter((axis) => !overlapping.includes(axis))
  const cut = split([...apart, tiling.axis, ...overlapping], extents, base, fits)
  if (cut.blocked === tiling.axis) return { ...cut, size: Math.max(1, Math.floor(cut.size / tall)) }
  if (cut.singles.includes(tiling.axis)) return { singles: apart, blocked: tiling.axis, size: 1, inner: overlapping }
  if (a.kind === 'panels') return { singles: [], blocked: tiling.axis, size: Math.ceil((extents[tiling.axis] as number) / tall), inner: [] }
  return { ...cut, inner: cut.inner.filter((axis) => axis !== tiling.axis) }
}

/** Arrays of the result's size that the epilogue reads or writes. */
function streams(form: Form): number {
  const large = ({ map }: { readonly map: Affine }): boolean =>
    form.n !== undefined && strideAt(map, form.n) !== 0 && form.m.some((axis) => strideAt(map, axis) !== 0)
  return form.stores.filter(large).length + form.epilogue.filter((node) => node.op === 'load' && large(node)).length
}

const sharesCoordinate = (operand: Operand, axis: number, others: readonly number[]): boolean =>
  operand.coordinates.some((c) => c.coefficients[axis] !== 0 && others.some((k) => c.coefficients[k] !== 0))
