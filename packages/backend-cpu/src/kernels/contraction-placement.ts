/** Where the micro-kernel reads its operands: in place, or from a copy that makes its walk over memory a straight one. */
import { type Form, strideAt } from './contraction-axes.ts'
import { footprintOperand, isFootprint, type Operand, plainOperand } from './contraction-operand.ts'
import { product, type Tiling } from './contraction-tiling.ts'

/** How an operand reaches the micro-kernel: where it lies, from a copy by coordinates, or from panels. */
export type Placement = { readonly kind: 'inPlace' } | { readonly kind: 'copy' | 'panels'; readonly operand: Operand }

export const IN_PLACE: Placement = { kind: 'inPlace' }

const hasGuards = (load: Form['a']): boolean => (load.guards ?? []).length > 0

/** Where a is read. `order`: axes of the rows as they lie in memory. */
export function placeA(form: Form, tiling: Tiling, order: readonly number[]): Placement {
  const axes = form.extents.length
  if (hasGuards(form.a)) return { kind: 'copy', operand: footprintOperand(form.a, axes) ?? plainOperand(form.a, axes) }
  // Rows side by side, reduced elements far apart: a walk over many pages, worth a copy when many columns share it.
  const axis = tiling.kind === 'runs' && order.length === 1 ? tiling.axis : undefined
  const [far] = form.k
  if (form.k.length !== 1 || far === undefined || axis === undefined || form.n === undefined || form.lanesInBoth) return IN_PLACE
  const [extent, stride] = [form.extents[far] as number, strideAt(form.a.map, far)]
  const transposed =
    strideAt(form.a.map, axis) === 1 && extent > 128 && extent * stride > 128 * 1024 && (form.extents[form.n] as number) >= 64
  return transposed ? { kind: 'panels', operand: plainOperand(form.a, axes) } : IN_PLACE
}

/** Few rows, and both operands contiguous along the one reduced axis: packing b would cost more than the sums. */
export function isDot(form: Form): boolean {
  const [k] = form.k
  if (hasGuards(form.a) || hasGuards(form.b) || form.lanesInBoth || form.k.length !== 1 || k === undefined) return false
  const contiguous = strideAt(form.a.map, k) === 1 && strideAt(form.b.map, k) === 1
  const otherwise = form.n !== undefined && strideAt(form.b.map, form.n) === 1
  return contiguous && !otherwise && product(form.m, form.extents) <= 3 && (form.extents[k] as number) >= 8
}

/** b in panels, the reduced axes spelt out: right for any maps. */
export const panelsOf = (form: Form): Placement => ({ kind: 'panels', operand: plainOperand(form.b, form.extents.length) })

/** Where b is read. */
export function placeB(form: Form): Placement {
  const rows = product(form.m, form.extents)
  const contiguous = form.n === undefined || strideAt(form.b.map, form.n) === 1
  if (hasGuards(form.b)) {
    const footprint = footprintOperand(form.b, form.extents.length)
    const lane = footprint?.coordinates.find((c) => form.n !== undefined && c.coefficients[form.n] !== 0)
    const shared = footprint !== undefined && isFootprint(footprint) && lane?.stride === 1 && lane.coefficients[form.n as number] === 1
    return shared ? { kind: 'copy', operand: footprint } : panelsOf(form)
  }
  const near = form.k.every((k) => Math.abs(strideAt(form.b.map, k)) <= 256)
  if (contiguous && (rows <= 16 || (rows <= 64 && near))) return IN_PLACE
  return panelsOf(form)
}
