/** Contractions in float32: matrix products with any transposes and batches, and convolutions in all directions. */
import { type Contraction, invariant } from '@cotangent/core/kernel'
import { normalize } from './contraction-axes.ts'
import { emitPhases } from './contraction-driver.ts'
import { makePlan } from './contraction-plan.ts'
import type { EmitContext, Phase } from './kernel.ts'

/** Multiply-adds a nanosecond that the micro-kernel does, and floats a nanosecond that packing moves. */
const FLOPS = 46

export function emitContraction(context: EmitContext, c: Contraction): readonly Phase[] {
  invariant(c.dtype === 'float32' && c.a.dtype === 'float32' && c.b.dtype === 'float32', 'emitContraction: only float32')
  invariant(c.a.indirect === undefined && c.b.indirect === undefined, 'emitContraction: operands are affine')
  if (c.extents.slice(0, c.parallel).includes(0)) return []
  const { form, plan } = makePlan(normalize(c), context.fma)
  const cost = (2 * c.extents.reduce((n, e) => n * e, 1)) / FLOPS
  return emitPhases(context, form, plan, cost)
}
