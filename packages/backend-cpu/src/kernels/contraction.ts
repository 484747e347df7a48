/** Contractions in float32: matrix products with any transposes and batches, and convolutions in all directions. */
import { type Contraction, invariant, type Load } from '@cotangent/core/kernel'
import { type Form, normalize, uses } from './contraction-axes.ts'
import { emitPhases } from './contraction-driver.ts'
import { makePlan, type Plan } from './contraction-plan.ts'
import { product } from './contraction-tiling.ts'
import type { EmitContext, Phase } from './kernel.ts'
import { columnFor, contraction as tuned } from '../tuning.ts'

export function emitContraction(context: EmitContext, c: Contraction): readonly Phase[] {
  invariant(c.dtype === 'float32' && c.a.dtype === 'float32' && c.b.dtype === 'float32', 'emitContraction: only float32')
  invariant(c.a.indirect === undefined && c.b.indirect === undefined, 'emitContraction: operands are affine')
  if (c.extents.slice(0, c.parallel).includes(0)) return []
  const { form, plan } = makePlan(normalize(c), columnFor(context))
  return emitPhases(context, form, plan, costOf(context, form, plan))
}

function costOf(context: EmitContext, form: Form, plan: Plan): number {
  const { extents } = form
  const axes = extents.map((_, i) => i)
  const points = (load: Load): number => product(axes.filter((axis) => uses(load, axis)), extents)
  const floats = (load: Load): number => Math.min(points(load), context.buffers[load.buffer]?.size ?? 0)
  const [a, b] = [floats(form.a), floats(form.b)]
  const written = product(axes.slice(0, form.parallel), extents) * form.stores.length
  const parts = Math.ceil(plan.panels / plan.partPanels)
  const packed = (plan.a.kind === 'copy' ? a * parts : 0) + (plan.b.kind === 'inPlace' ? 0 : b)
  return Math.max(columnFor(context).multiplyAdd * product(axes, extents), tuned.move * (a + b + written)) + tuned.pack * packed
}
