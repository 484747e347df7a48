/**
 * Contractions: large convolutions by cuDNN where it takes them; by cuBLASLt where it can do all of it or the product is large, by tiles of our
 * own otherwise (other convolutions, odd layouts, small products with work after them), and by a Loop where there is nothing to gain from tiles: vectors, short sums, integers.
 */
import {
  asLoop,
  collapse,
  type Contraction,
  dropUnitAxes,
  isFloat,
  limitReductions,
  sizeOf,
  type Roles,
  rolesOf,
} from '@cotangent/core/kernel'
import type { Command, EmitContext } from '../command.ts'
import { productOf } from './contraction-product.ts'
import { emitTiled } from './contraction-tile.ts'
import { tilingOf } from './contraction-tiling.ts'
import { convolutionOf, isFaster } from './convolution.ts'
import { emitLoop } from './loop.ts'

/** Multiply-adds from which a call of the library is not slower than our tiles. */
const LARGE = 2 ** 18
/** The same where the library needs further launches, before it or after it. */
const VERY_LARGE = 2 ** 25
/** Fewer rows, columns or terms would leave most of a tile empty. */
const THIN = 4

export function emitContraction(context: EmitContext, given: Contraction): readonly Command[] {
  const c = collapse(dropUnitAxes(given))
  if (c.kind === 'loop') return emitLoop(context, c)
  if (sizeOf(c.extents.slice(0, c.parallel)) === 0) return []
  if (!isFloat(c.dtype) || c.a.dtype !== c.dtype || c.b.dtype !== c.dtype || sizeOf(c.extents) === 0) return byLoop(context, c)
  const roles = rolesOf(c, 'batch'),
    { batch, rows, columns, sum } = roles
  if (isThin(roles)) return byLoop(context, c)
  const work = batch.size * rows.size * columns.size * sum.size
  const spatial = work >= VERY_LARGE ? dropUnitAxes(given) : undefined,
    convolution = spatial?.kind === 'contraction' ? context.attempt(() => convolutionOf(context, spatial, isFaster)) : undefined
  if (convolution !== undefined) return convolution
  const plan = context.target.products && work >= LARGE ? context.attempt(() => productOf(context, roles, work >= VERY_LARGE)) : undefined
  if (plan !== undefined) return plan
  const { core, parts } = tilingOf(roles, context)
  return emitTiled(context, roles, core, parts)
}

const isThin = ({ contraction: { a, b }, rows, columns, sum }: Roles): boolean =>
  Math.min(rows.size, columns.size, sum.size) < THIN || a.indirect !== undefined || b.indirect !== undefined

/** Terms that a block adds for one result. */
const TERMS = 1 << 13
/** Results that keep all multiprocessors busy by themselves. */
const ENOUGH = 256

function byLoop(context: EmitContext, c: Contraction): readonly Command[] {
  const loop = asLoop(c)
  if (sizeOf(c.extents.slice(0, c.parallel)) >= ENOUGH) return emitLoop(context, loop)
  return limitReductions(loop, TERMS, (dtype, size) => context.temporary({ dtype, size })).flatMap(l => emitLoop(context, l))
}
