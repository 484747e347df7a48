/**
 * Contractions in three steps: operands that do not lie well are packed, the product of the two goes to temporary textures, and a Loop does
 * the epilogue and the stores. What does not fit the largest texture is cut into parts.
 */
import { asLoop, collapse, type Contraction, dropUnitAxes, partOf, sizeOf, writesOf, type Roles, rolesOf } from '@cotangent/core/kernel'
import { type EmitContext, type Pass, type TextureId, type TextureSpec } from '../pass.ts'
import { type Grid, gridOf } from './contraction-grid.ts'
import { inPlace, type Operand, packed, type Packing, packingOf, sidesOf, specOfPacked, walkOf } from './contraction-operand.ts'
import { productOf } from './contraction-product.ts'
import { finish, finishSums } from './contraction-sums.ts'
import { emitLoop } from './loop.ts'

/** Texels of one packed operand: 128 MiB. */
const MOST = 2 ** 23

/** An operand that goes into so many sums is copied rather than read by the numbers of its texels, which takes 1.4 times as long. */
const OFTEN = 128

export function emitContraction(context: EmitContext, given: Contraction): readonly Pass[] {
  const c = collapse(dropUnitAxes(given))
  if (c.kind === 'loop') return emitLoop(context, c)
  if (sizeOf(c.extents.slice(0, c.parallel)) === 0) return []
  if (sizeOf(c.extents) === 0) return emitLoop(context, finish(c, { op: 'const', dtype: c.dtype, value: 0 }))
  const roles = rolesOf(c, 'none')
  if (isThin(roles)) return byLoop(context, c, 'its batched products have one row or one column')
  if (context.limits.targets < 4) return byLoop(context, c, 'a draw of this device has fewer than four targets')
  const plan = planOf(roles, context)
  if (plan.kind === 'whole') return emitWhole(context, roles, plan)
  return plan.axis === undefined ? byLoop(context, c, 'an operand fits no texture') : inHalves(context, c, plan.axis)
}

function byLoop(context: EmitContext, c: Contraction, why: string): readonly Pass[] {
  context.note('contraction as a loop', why)
  return emitLoop(context, asLoop(c))
}

/** Does each element of an operand go into one sum only? Then there is nothing to gain. */
const isThin = ({ batch, rows, columns }: Roles): boolean => batch.size > 1 && (rows.size === 1 || columns.size === 1)

/** An operand in place, or the copy of it. */
type Source = { readonly operand: Operand } | { readonly packing: Packing; readonly spec: TextureSpec }

type Plan =
  | { readonly kind: 'whole'; readonly grid: Grid; readonly a: Source; readonly b: Source }
  /** Something is too large: cut this axis, if there is one. */
  | { readonly kind: 'cut'; readonly axis: number | undefined }

function planOf(roles: Roles, context: EmitContext): Plan {
  const { batch, rows, columns } = roles
  const longest = (...axes: readonly number[]): Plan => {
    const extent = (k: number): number => roles.contraction.extents[k] as number
    return { kind: 'cut', axis: axes.toSorted((x, y) => extent(y) - extent(x))[0] }
  }
  const grid = gridOf(roles, context.limits)
  if (grid === undefined) return longest(...batch.axes, ...rows.axes, ...columns.axes)
  const [a, b] = [sourceOf(context, roles, 'a'), sourceOf(context, roles, 'b')]
  if (a === undefined) return longest(...batch.axes, ...rows.axes)
  if (b === undefined) return longest(...batch.axes, ...columns.axes)
  return { kind: 'whole', grid, a, b }
}

function sourceOf({ spec, limits }: EmitContext, roles: Roles, side: 'a' | 'b'): Source | undefined {
  const sides = sidesOf(roles, side),
    operand = inPlace(sides)
  const uses = (side === 'a' ? roles.columns : roles.rows).size
  if (operand !== undefined && (uses < OFTEN || walkOf(operand, spec(operand.buffer), roles).by !== 'number')) return { operand }
  const packing = packingOf(sides),
    copy = packing.size / 4 > MOST ? undefined : specOfPacked(packing, limits.textureSize)
  return copy && { packing, spec: copy }
}

function emitWhole(context: EmitContext, roles: Roles, { grid, a, b }: Plan & { readonly kind: 'whole' }): readonly Pass[] {
  const passes: Pass[] = []
  const read = (source: Source): Operand => {
    if ('operand' in source) return source.operand
    const { packing, spec } = source,
      target = context.temporary(spec)
    const buffers = [...context.buffers]
    buffers[target] = { dtype: 'float32', size: packing.size }
    passes.push(...emitLoop({ ...context, buffers }, packing.loop(target)))
    return packed(target, packing, roles.sum)
  }
  const [left, right] = [read(a), read(b)]
  const targets = Array.from({ length: grid.rows * grid.columns }, () => context.temporary({ dtype: 'float32', ...grid.layout }))
  passes.push(productOf(context, roles, grid, left, right, targets))
  const sums = finishSums(context, roles, grid, targets)
  return [...passes, ...emitLoop(sums.context, sums.loop)]
}

/** One half after the other, in the same temporary textures. */
function inHalves(context: EmitContext, c: Contraction, axis: number): readonly Pass[] {
  const extent = c.extents[axis] as number,
    half = Math.ceil(extent / 2),
    written = new Set(writesOf(c))
  context.note('contraction in halves', 'its operands or sums are larger than 128 MiB or than a texture')
  const temporary = reuse(context)
  const first = emitContraction({ ...context, temporary: temporary() }, partOf(c, axis, 0, half))
  const second = { ...context, temporary: temporary(), isWritten: (id: number) => written.has(id) || context.isWritten(id) }
  return [...first, ...emitContraction(second, partOf(c, axis, half, extent - half))]
}

/** Each call gives a new user of the temporaries that earlier users have finished with. */
function reuse(context: EmitContext): () => EmitContext['temporary'] {
  const known: { readonly id: TextureId; readonly spec: TextureSpec }[] = []
  return () => {
    const free = [...known]
    return spec => {
      const same = free.findIndex(k => k.spec.width === spec.width && k.spec.height === spec.height && k.spec.dtype === spec.dtype)
      const [found] = same < 0 ? [] : free.splice(same, 1)
      if (found !== undefined) return found.id
      const id = context.temporary(spec)
      known.push({ id, spec })
      return id
    }
  }
}
