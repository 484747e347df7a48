/**
 * The axes of a contraction in the roles that matrix multiplication gives them: batch (of both operands, or of neither), rows (only of a),
 * columns (only of b), sum. Multiplication commutes: a and b change places where b then has the axis along which results are consecutive.
 */
import { type Affine, type Contraction, dropGuards, type Load, type Loop, sizeOf, strideAt, uses } from '@cotangent/core/kernel'
import type { MemoryId } from '../command.ts'

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

export function rolesOf(given: Contraction): Roles {
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
  return {
    contraction,
    batch: group(
      outer.filter(k => uses(a, k) === uses(b, k)),
      stored,
    ),
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

/** Sums stored as dense arrays in the order batch, rows, columns: the stride of each parallel axis. */
export function denseStrides({ contraction, batch, rows, columns }: Roles): readonly number[] {
  const strides = new Array<number>(contraction.parallel).fill(0)
  let step = 1
  for (const k of [...batch.axes, ...rows.axes, ...columns.axes].toReversed()) {
    strides[k] = step
    step *= contraction.extents[k] as number
  }
  return strides
}

/** The work after the sums, which are dense in `sums`; of `parts` arrays, one after the other, that add up to them. */
export const finishing = (roles: Roles, sums: MemoryId, parts: number): Loop =>
  afterSums(roles.contraction, denseStrides(roles), sums, parts)

/** The same, of sums that lie in any order: `strides` of each parallel axis. */
export function afterSums(contraction: Contraction, strides: readonly number[], sums: MemoryId, parts: number): Loop {
  const { extents, parallel, dtype, epilogue, stores } = contraction,
    outer = extents.slice(0, parallel)
  const load = (more: readonly number[]): Load => ({ op: 'load', buffer: sums, dtype, map: { offset: 0, strides: [...strides, ...more] } })
  const loop: Loop = { kind: 'loop', extents: outer, parallel, body: [], bodyStores: [], reductions: [], epilogue, stores }
  if (parts === 1) return { ...loop, epilogue: epilogue.map(n => (n.op === 'reduced' ? load([]) : n)) }
  return { ...loop, extents: [...outer, parts], body: [load([sizeOf(outer)])], reductions: [{ op: 'sum', dtype, value: 0 }] }
}
