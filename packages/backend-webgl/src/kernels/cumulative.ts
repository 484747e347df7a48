/**
 * Cumulative: each pass combines four partial results that lie `step` apart, and step grows fourfold (Hillis & Steele, "Data parallel
 * algorithms", 1986): after k passes an element holds the last 4^k up to itself. Float sums are thus trees, which err less than a running sum.
 */
import type { Cumulative, InstructionName } from '@cotangent/core/kernel'
import { instruction } from '../glsl/instructions.ts'
import { fromTexel, glslType, toTexel } from '../glsl/types.ts'
import type { EmitContext, Pass, TextureId } from '../pass.ts'
import { sameTexel, Shader } from './shader.ts'

const RADIX = 4
const instructionOf: Readonly<Record<Cumulative['op'], InstructionName>> = { sum: 'add', prod: 'mul', max: 'max', min: 'min' }

export function emitCumulative(context: EmitContext, kernel: Cumulative): readonly Pass[] {
  const { outer, length, inner, input, output } = kernel
  if (outer * length * inner === 0) return []
  const steps = [1]
  while ((steps.at(-1) as number) * RADIX < length) steps.push((steps.at(-1) as number) * RADIX)
  const aside = [0, 1].slice(0, steps.length - 1).map(() => context.temporary(context.spec(output)))
  let from: TextureId = input
  return steps.map((step, k) => {
    const to = k === steps.length - 1 ? output : (aside[k % 2] as TextureId)
    const pass = combine(context, kernel, from, to, step)
    from = to
    return pass
  })
}

function combine(context: EmitContext, kernel: Cumulative, from: TextureId, to: TextureId, step: number): Pass {
  const { op, dtype, length, inner, reverse } = kernel
  const shader = new Shader(context),
    type = glslType(dtype, 4)
  const shift = (reverse ? -1 : 1) * step * inner
  const own = fromTexel(dtype, 4, sameTexel(shader.sampler(from, false))),
    sampler = shader.sampler(from, true)
  for (const [name, value] of Object.entries({ axis: length, inner, step, shift })) shader.uniform({ name, type: 'int', value })
  const earlier = (k: number): string => {
    if (shift % 4 === 0) return `${sampler}_texel(targetTexel() - ${k} * (shift >> 2))`
    return `${type}(${[0, 1, 2, 3].map(l => `${sampler}_at(e + ${l} - ${k} * shift)`).join(', ')})`
  }
  const sum = instruction(instructionOf[op], dtype, dtype, [{ text: 'earlier' }, { text: 'sum' }], 4)
  const steps = Array.from({ length: RADIX - 1 }, (_, i) => {
    const k = i + 1
    return `earlier = ${earlier(k)};\nsum = choose_4(greaterThanEqual(before, ivec4(${k} * step)), ${sum}, sum);`
  })
  const main = `void main() {
int e = 4 * targetTexel();
ivec4 place = ${placeOf(kernel)}, before = ${reverse ? 'axis - 1 - place' : 'place'};
${type} sum = ${own}, earlier;
${steps.join('\n')}
out0 = ${toTexel(dtype, 4, 'sum')};
}
`
  return shader.pass(`cumulative ${op}`, [to], main)
}

/** Places along the axis of elements e, ..., e + 3: with as few divisions as the shape allows, since they are what a pass spends most on. */
function placeOf({ outer, length, inner }: Cumulative): string {
  const lanes = 'ivec4(0, 1, 2, 3)'
  if (inner % 4 === 0) return outer === 1 ? 'ivec4(e / inner)' : 'ivec4((e / inner) % axis)'
  if (inner > 1) return `((e + ${lanes}) / inner) % axis`
  if (outer === 1) return `e + ${lanes}`
  return length % 4 === 0 ? `e % axis + ${lanes}` : `(e + ${lanes}) % axis`
}
