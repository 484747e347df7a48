/**
 * The axes of a contraction in the roles that matrix multiplication gives them: batch (of both operands), rows (only of a), columns (only of b),
 * sum. Multiplication commutes: a and b change places where b then has the axis along which results are consecutive.
 */
import { sizeOf } from '../shape.ts'
import type { Affine, Contraction } from './kernel.ts'
import { dropGuards, strideAt, uses } from './operands.ts'

/** Axes of one role, outer to inner: together they count through `size` places. */
export interface Group {
  readonly axes: readonly number[]
  readonly extents: readonly number[]
  readonly size: number
}

export interface Roles {
  readonly contraction: Contraction
  readonly batch: Group
  readonly rows: Group
  readonly columns: Group
  readonly sum: Group
}

/** `idle`: the role of axes of neither operand, along which the sums do not change. Without one they belong to no group. */
export function rolesOf(given: Contraction, idle: 'batch' | 'none'): Roles {
  const { extents } = given
  const kept = { ...given, a: dropGuards(given.a, extents), b: dropGuards(given.b, extents) }
  const contraction = columnsInA(kept) ? { ...kept, a: kept.b, b: kept.a } : kept
  const { a, b, parallel, stores } = contraction,
    outer = extents.map((_, k) => k).slice(0, parallel),
    stored = stores[0]?.map
  const group = (axes: readonly number[], ...maps: readonly (Affine | undefined)[]): Group => {
    const sorted = byStride(axes, maps),
      own = sorted.map(k => extents[k] as number)
    return { axes: sorted, extents: own, size: sizeOf(own) }
  }
  const isRow = (k: number): boolean => uses(a, k) && !uses(b, k),
    isColumn = (k: number): boolean => uses(b, k) && !uses(a, k)
  const isBatch = (k: number): boolean => uses(a, k) === uses(b, k) && (uses(a, k) || idle === 'batch')
  return {
    contraction,
    batch: group(outer.filter(isBatch), stored),
    rows: group(outer.filter(isRow), a.map, stored),
    columns: group(outer.filter(isColumn), stored, b.map),
    sum: group(
      extents.map((_, k) => k).filter(k => k >= parallel),
      a.map,
      b.map,
    ),
  }
}

/** By falling strides of the first map, those that are equal there by the next. */
const byStride = (axes: readonly number[], maps: readonly (Affine | undefined)[]): readonly number[] =>
  axes.toSorted((x, y) => {
    for (const map of maps) {
      const d = map === undefined ? 0 : Math.abs(strideAt(map, y)) - Math.abs(strideAt(map, x))
      if (d !== 0) return d
    }
    return x - y
  })

/** Are consecutive results along an axis of a? Without such an axis the longer side gives the columns. */
function columnsInA({ a, b, extents, parallel, stores }: Contraction): boolean {
  const own = extents.map((_, k) => k).filter(k => k < parallel && uses(a, k) !== uses(b, k))
  const consecutive = own.find(k => stores.every(s => strideAt(s.map, k) === 1))
  if (consecutive !== undefined) return uses(a, consecutive)
  const size = (ofA: boolean): number => sizeOf(own.filter(k => uses(a, k) === ofA).map(k => extents[k] as number))
  return size(true) > size(false)
}
