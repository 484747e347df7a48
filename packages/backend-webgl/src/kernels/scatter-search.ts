/**
 * Scatter the slow way, for what blending cannot combine: every element of the buffer looks through the updates for its own, in their order.
 * Only axes that choose the target by a run-time index are looked through; the index of the others follows from the element.
 */
import { type Node, type Scatter, sizeOf } from '@cotangent/core/kernel'
import { instruction } from '../glsl/instructions.ts'
import { glslType, toTexel } from '../glsl/types.ts'
import type { EmitContext, Pass } from '../pass.ts'
import { affine, invert } from './affine.ts'
import { Nodes } from './nodes.ts'
import { axesOf, pointOf } from './scatter-updates.ts'
import { Shader } from './shader.ts'

const instructionOf = { add: 'add', mul: 'mul', min: 'min', max: 'max' } as const

export function emitSearch(context: EmitContext, kernel: Scatter): readonly Pass[] {
  const shader = new Shader(context),
    { dtype } = kernel.body[kernel.value] as Node,
    type = glslType(dtype, 1)
  const old = shader.sampler(kernel.buffer, true)
  const element = `${type} element(int e) {
${type} sum = ${old}_at(e);
${search(shader, kernel, value => `sum = ${combined(kernel, dtype, 'sum', value)};`).join('\n')}
return sum;
}`
  const count = updatesOf(kernel),
    { rounds } = context.limits
  context.note('scatter by search', `each element looks through ${count} updates: ${reasonOf(kernel, context)}`)
  const all = [0, 1, 2, 3].map(lane => `element(e + ${lane})`).join(', ')
  const main = `void main() {\nint e = 4 * targetTexel();\nout0 = ${toTexel(dtype, 4, `${glslType(dtype, 4)}(${all})`)};\n}\n`
  const pass = shader.pass(`scatter ${kernel.combine}, by search`, [kernel.buffer], `${element}\n${main}`)
  return Array.from({ length: Math.ceil(count / rounds) }, (_, i): Pass => {
    const end = Math.min(count, (i + 1) * rounds)
    const range = [
      { name: 'first', type: 'int', value: i * rounds },
      { name: 'end', type: 'int', value: end },
    ] as const
    return { ...pass, uniforms: [...pass.uniforms, ...range], work: 4 * (end - i * rounds) * (kernel.body.length + 8) }
  })
}

function combined({ combine }: Scatter, dtype: Node['dtype'], sum: string, value: string): string {
  if (combine === 'set') return value
  // The value may be a constant, by which drivers simplify.
  const hidden = dtype === 'float32' ? `opaque_1(${value})` : value
  return instruction(instructionOf[combine], dtype, dtype, [{ text: sum }, { text: hidden }], 1)
}

/** Statements that visit the updates of element `e`. */
function search(shader: Shader, kernel: Scatter, found: (value: string) => string): readonly string[] {
  const { extents, map, body } = kernel
  const free = freeAxes(kernel)
  const point = pointOf(
    extents.map((n, k) => (free.has(k) ? 1 : n)),
    'n',
  )
  const along = { offset: 0, strides: map.strides.map((s, k) => (free.has(k) ? s : 0)) }
  const inverse = invert(
    shader,
    along,
    extents.map((n, k) => (free.has(k) ? n : 1)),
    'rest',
    false,
    'f',
  )
  const indices = extents.map((_, k) => (free.has(k) ? inverse.indices[k] : point.indices[k]) as string)
  const nodes = new Nodes(body, { shader, indices, axis: undefined, prefix: 'v', reduced: [], target: undefined })
  const terms = kernel.indirect.map(({ index, stride }) => ` - ${stride} * ${nodes.value(index).text}`)
  const others = { ...map, strides: map.strides.map((s, k) => (free.has(k) ? 0 : s)) }
  const address = nodes.statements.splice(0)
  const where = kernel.where === undefined ? 'true' : nodes.value(kernel.where).text
  const condition = nodes.statements.splice(0)
  const value = nodes.wide(kernel.value, 1)
  return [
    'for (int n = first; n < end; n++) {',
    ...point.statements,
    ...address,
    `int rest = e - (${affine(shader, others, indices)})${terms.join('')};`,
    ...inverse.statements,
    `if (rest < ${least(along.strides, extents)} || !(${inverse.hit})) continue;`,
    ...condition,
    `if (!(${where})) continue;`,
    ...nodes.statements,
    found(value),
    '}',
  ]
}

/** Those that each element looks through. */
function updatesOf(kernel: Scatter): number {
  const free = freeAxes(kernel)
  return sizeOf(kernel.extents.map((x, k) => (free.has(k) ? 1 : x)))
}

function reasonOf({ combine }: Scatter, { limits }: EmitContext): string {
  if (combine === 'mul') return 'blending does not multiply'
  return limits.floatBlend ? 'their sums fit no texture' : 'the device cannot blend float32 (EXT_float_blend)'
}

/** Least value of a map without offset. */
const least = (strides: readonly number[], extents: readonly number[]): number =>
  strides.reduce((sum, s, k) => sum + Math.min(0, s * ((extents[k] as number) - 1)), 0)

/**
 * Axes after all that are looked through (so that the order stays), on which no target index depends, with nested strides: a difference of
 * addresses has one index along each.
 */
function freeAxes({ extents, body, map, indirect }: Scatter): ReadonlySet<number> {
  const chosen = indirect.flatMap(i => [...axesOf(body, i.index)])
  const first = Math.max(-1, ...chosen) + 1
  const free = new Set<number>()
  let reach = 0
  for (let k = extents.length - 1; k >= first; k--) {
    const stride = Math.abs(map.strides[k] as number),
      extent = extents[k] as number
    if (extent > 1 && stride <= reach) break
    free.add(k)
    reach += stride * (extent - 1)
  }
  return free
}
