/** How rows are cut into the micro-kernel's tiles. */
import { contraction } from '../tuning.ts'

/** Tiles of one height along an axis. */
export interface Run {
  /** First index. */
  readonly start: number
  readonly rows: number
  readonly tiles: number
}

/** The indices of a tile's rows relative to its first. */
export interface RowTile {
  readonly axes: readonly number[]
  readonly rows: readonly (readonly number[])[]
}

/** One tile of a small group of axes that is cut at compile time: the indices of its rows, relative to `first`. */
export interface FixedTile {
  readonly first: readonly number[]
  readonly rows: readonly (readonly number[])[]
}

/** Tiles along one axis, or a list of tiles over the index tuples of several short axes. */
export type Tiling =
  | { readonly kind: 'runs'; readonly axis: number; readonly runs: readonly Run[] }
  | { readonly kind: 'fixed'; readonly axes: readonly number[]; readonly tiles: readonly FixedTile[] }

export const product = (axes: readonly number[], extents: readonly number[]): number => axes.reduce((n, i) => n * (extents[i] as number), 1)
export const tiledAxes = (t: Tiling): readonly number[] => (t.kind === 'runs' ? [t.axis] : t.axes)
/** Rows of the tallest tile. */
export const tallest = (t: Tiling): number =>
  Math.max(...(t.kind === 'runs' ? t.runs.map((r) => r.rows) : t.tiles.map((x) => x.rows.length)))
export const rowsAlong = (axis: number, rows: number): RowTile => ({ axes: [axis], rows: Array.from({ length: rows }, (_, i) => [i]) })

/** Heights of tiles: as equal as possible, so that none is much below the best. */
export function runsOf(extent: number, maximum: number): Run[] {
  const tiles = Math.ceil(extent / maximum)
  const rows = Math.floor(extent / tiles)
  const more = extent - rows * tiles
  return [
    { start: 0, rows: rows + 1, tiles: more },
    { start: more * (rows + 1), rows, tiles: tiles - more },
  ].filter((r) => r.tiles > 0)
}

/** All index tuples of some axes, last fastest. */
function tuplesOf(axes: readonly number[], extents: readonly number[]): number[][] {
  return axes.reduce<number[][]>(
    (all, axis) => all.flatMap((t) => Array.from({ length: extents[axis] as number }, (_, i) => [...t, i])),
    [[]],
  )
}

function fixedTiling(axes: readonly number[], extents: readonly number[], maximum: number): Tiling {
  const tuples = tuplesOf(axes, extents)
  const tiles = runsOf(tuples.length, maximum).flatMap((run) =>
    Array.from({ length: run.tiles }, (_, t) => {
      const rows = tuples.slice(run.start + t * run.rows, run.start + (t + 1) * run.rows)
      const first = rows[0] as number[]
      return { first, rows: rows.map((row) => row.map((x, i) => x - (first[i] as number))) }
    }),
  )
  return { kind: 'fixed', axes, tiles }
}

/** Rows of the average tile. */
const meanRows = (extent: number, maximum: number): number => extent / Math.ceil(extent / maximum)

/**
 * `order`: axes of the rows as they lie in memory, outer to inner. The innermost makes the tiles, unless it is short or divides badly (7
 * rows are 4 + 3): then it is taken together with the next ones.
 */
export function tilingOf(order: readonly number[], extents: readonly number[], maximum: number): Tiling {
  const last = order[order.length - 1]
  if (last === undefined) return fixedTiling([], extents, maximum)
  const extent = extents[last] as number
  let axes = [last]
  for (let d = order.length - 2; d >= 0; d--) {
    const more = [order[d] as number, ...axes]
    const gain = meanRows(product(more, extents), maximum) / meanRows(product(axes, extents), maximum)
    if (product(more, extents) > contraction.maximumTuples || gain < contraction.worthTiling) break
    axes = more
  }
  return axes.length > 1 ? fixedTiling(axes, extents, maximum) : { kind: 'runs', axis: last, runs: runsOf(extent, maximum) }
}

/**
 * A factor of the axis around the innermost one that would give better tiles: 14 rows are 5 + 5 + 4, but twice 14 are 6 + 6 + 6 + 5 + 5.
 * 1 if there is none.
 */
export function betterTogether(order: readonly number[], extents: readonly number[], maximum: number): number {
  const [outer, inner] = order.slice(-2).map((axis) => extents[axis] as number)
  if (outer === undefined || inner === undefined || order.length < 2 || outer * inner <= contraction.maximumTuples) return 1
  const fits = [2, 3, 4].filter((factor) => outer % factor === 0 && factor < outer && factor * inner <= contraction.maximumTuples)
  const mean = (factor: number): number => meanRows(factor * inner, maximum)
  const best = fits.reduce((x, y) => (mean(y) > mean(x) ? y : x), 1)
  return mean(best) / mean(1) < contraction.worthTiling ? 1 : best
}
