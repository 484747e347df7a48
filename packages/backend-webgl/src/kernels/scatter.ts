/**
 * Scatter: one point of the device for each update. WebGL draws points in their order, so the last of several that set one element wins, and
 * float32 additions (by blending) round in the order of iteration. Four updates that fill a texel are one point. Other combinations:
 * scatter-keys.ts where blending can do them, scatter-search.ts where it cannot.
 */
import { type Node, type Scatter, sizeOf } from '@cotangent/core/kernel'
import { floatLiteral, glslType, toTexel } from '../glsl/types.ts'
import type { EmitContext, Pass, Points } from '../pass.ts'
import { emitExtremum, emitIntegerSum } from './scatter-keys.ts'
import { emitSearch } from './scatter-search.ts'
import { texelAxis, Updates } from './scatter-updates.ts'

export function emitScatter(context: EmitContext, kernel: Scatter): readonly Pass[] {
  if (sizeOf(kernel.extents) === 0) return []
  const { dtype } = kernel.body[kernel.value] as Node,
    { combine } = kernel
  if (combine === 'set') return emitSet(context, kernel)
  if (combine === 'mul' || !context.limits.floatBlend) return emitSearch(context, kernel)
  if (combine !== 'add') return emitExtremum(context, kernel, combine)
  return dtype === 'float32' ? emitFloatSum(context, kernel) : (emitIntegerSum(context, kernel) ?? emitSearch(context, kernel))
}

/** Single elements lane by lane, in four draws. */
function emitSet(context: EmitContext, kernel: Scatter): readonly Pass[] {
  const axis = texelAxis(kernel)
  const updates = new Updates(context, kernel, axis),
    { lanes, dtype, count, shader } = updates
  const type = dtype === 'bool' ? (lanes === 4 ? 'uvec4' : 'uint') : glslType(dtype, lanes)
  const fragment = `flat in ${type} value;\nvoid main() {\nout0 = ${dtype === 'bool' ? 'uvec4' : glslType(dtype, 4)}(value);\n}\n`
  const value = toTexel(dtype, lanes, updates.value),
    pass = shader.pass('scatter', [kernel.buffer], fragment)
  if (lanes === 4) return [{ ...pass, points: { vertex: updates.vertex(type, value), count } }]
  const vertex = updates.vertex(type, value, { condition: '(e & 3) == lane' })
  return [0, 1, 2, 3].map(lane => {
    const written = [0, 1, 2, 3].map(l => l === lane) as unknown as NonNullable<Points['lanes']>
    return { ...pass, uniforms: [...pass.uniforms, { name: 'lane', type: 'int', value: lane }], points: { vertex, count, lanes: written } }
  })
}

/** Adding -0 changes nothing. */
function emitFloatSum(context: EmitContext, kernel: Scatter): readonly Pass[] {
  const updates = new Updates(context, kernel, texelAxis(kernel)),
    { count, shader } = updates
  const pass = shader.pass('scatter', [kernel.buffer], 'flat in vec4 value;\nvoid main() {\nout0 = value;\n}\n')
  return [{ ...pass, points: { vertex: updates.vertex('vec4', updates.inLane(updates.value, floatLiteral(-0))), count, blend: 'add' } }]
}
