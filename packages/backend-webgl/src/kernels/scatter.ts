/**
 * Scatter: one point of the device for each update. WebGL draws points in their order, so the last of several that set one element wins, and
 * float32 additions (by blending) round in the order of iteration. Four updates that fill a texel are one point; else each point writes one
 * lane, in four draws. Other combinations: scatter-keys.ts where blending can do them, scatter-search.ts where it cannot.
 */
import { type Node, operandsOf, type Scatter, sizeOf } from '@cotangent/core/kernel'
import { glslType, type Lanes, toTexel } from '../glsl/types.ts'
import type { EmitContext, Pass, Points } from '../pass.ts'
import { affine } from './affine.ts'
import { isTexel, Nodes } from './nodes.ts'
import { emitSearch } from './scatter-search.ts'
import { Shader } from './shader.ts'

export function emitScatter(context: EmitContext, kernel: Scatter): readonly Pass[] {
  if (sizeOf(kernel.extents) === 0) return []
  const { dtype } = kernel.body[kernel.value] as Node
  const adds = kernel.combine === 'add' && dtype === 'float32' && context.limits.floatBlend
  return kernel.combine === 'set' || adds ? emitPoints(context, kernel) : emitSearch(context, kernel)
}

function emitPoints(context: EmitContext, kernel: Scatter): readonly Pass[] {
  const axis = texelAxis(kernel)
  const updates = new Updates(context, kernel, axis),
    { lanes, dtype } = updates
  const blend = kernel.combine === 'add' ? { blend: 'add' as const } : {}
  const type = dtype === 'bool' ? (lanes === 4 ? 'uvec4' : 'uint') : glslType(dtype, lanes)
  const draw = (lane: number | undefined): Pass => {
    const condition = lane === undefined ? [] : ['(e & 3) == lane']
    const vertex = `flat out ${type} value;\n${updates.main(condition, `value = ${toTexel(dtype, lanes, updates.value)};`)}`
    const fragment = `flat in ${type} value;\nvoid main() {\nout0 = ${dtype === 'bool' ? 'uvec4' : glslType(dtype, 4)}(value);\n}\n`
    const written = lane === undefined ? {} : { lanes: [0, 1, 2, 3].map(l => l === lane) as unknown as NonNullable<Points['lanes']> }
    const pass = updates.shader.pass('scatter', [kernel.buffer], fragment)
    const uniforms = lane === undefined ? [] : [{ name: 'lane', type: 'int' as const, value: lane }]
    return { ...pass, uniforms: [...pass.uniforms, ...uniforms], points: { vertex, count: updates.count, ...blend, ...written } }
  }
  return axis === undefined ? [0, 1, 2, 3].map(draw) : [draw(undefined)]
}

/** The updates of a Scatter in a vertex shader, one a vertex in their order; four a vertex along `axis`. */
export class Updates {
  readonly shader: Shader
  readonly lanes: Lanes
  readonly dtype: Node['dtype']
  readonly count: number
  /** Expressions for `main`. */
  readonly value: string
  private readonly statements: readonly string[]
  private readonly condition: readonly string[]

  constructor(context: EmitContext, kernel: Scatter, axis: number | undefined) {
    const shader = new Shader(context),
      extents = kernel.extents.map((n, k) => (k === axis ? n / 4 : n))
    const point = pointOf(extents, 'gl_VertexID', axis)
    const nodes = new Nodes(kernel.body, { shader, indices: point.indices, axis, prefix: 'v', reduced: [], target: undefined })
    this.shader = shader
    this.lanes = axis === undefined ? 1 : 4
    this.dtype = (kernel.body[kernel.value] as Node).dtype
    this.count = sizeOf(extents)
    const terms = kernel.indirect.map(({ index, stride }) => ` + ${stride} * ${nodes.value(index).text}`)
    const address = affine(shader, kernel.map, point.indices) + terms.join('')
    this.condition = kernel.where === undefined ? [] : [nodes.value(kernel.where).text]
    this.value = nodes.wide(kernel.value, this.lanes)
    this.statements = [...point.statements, ...nodes.statements, `int e = ${address};`]
  }

  /** The vertex shader: where the update counts and `conditions` hold, a point at `texel` of the target (element `e`'s by default). */
  main(conditions: readonly string[], assign: string, texel: string = 'e >> 2'): string {
    const wanted = [...this.condition, ...conditions]
    const lines = [
      ...this.statements,
      `bool wanted = ${wanted.length === 0 ? 'true' : wanted.join(' && ')};`,
      `gl_Position = wanted ? targetPosition(${texel}) : vec4(2.0, 2.0, 2.0, 1.0);`,
      'gl_PointSize = 1.0;',
      assign,
    ]
    return `void main() {\n${lines.join('\n')}\n}\n`
  }
}

/** The indices of point number `n`, the last axis fastest; along `axis` each number stands for four. */
export function pointOf(
  extents: readonly number[],
  n: string,
  axis?: number,
): { readonly statements: readonly string[]; readonly indices: readonly string[] } {
  const statements: string[] = []
  let below = sizeOf(extents)
  const indices = extents.map((extent, k) => {
    const above = below
    below /= extent
    const quotient = below === 1 ? n : `${n} / ${below}`,
      index = above === sizeOf(extents) ? quotient : `(${quotient}) % ${extent}`
    if (extent === 1) return '0'
    statements.push(`int i${k} = ${k === axis ? `4 * (${index})` : index};`)
    return `i${k}`
  })
  return { statements, indices }
}

/** An axis along which four updates fill a texel, under one condition. */
function texelAxis({ extents, body, buffer, map, indirect, where, value }: Scatter): number | undefined {
  const load = { op: 'load', buffer, dtype: (body[value] as Node).dtype, map, indirect } as const
  const shared = [...indirect.map(i => i.index), ...(where === undefined ? [] : [where])].map(id => axesOf(body, id))
  const axis = extents.findIndex((n, k) => n % 4 === 0 && isTexel(load, k) && shared.every(axes => !axes.has(k)))
  return axis < 0 ? undefined : axis
}

/** The axes along which a node's value changes. */
export function axesOf(nodes: readonly Node[], id: number): ReadonlySet<number> {
  const axes = new Set<number>(),
    seen = new Set<number>()
  const add = ({ strides }: { readonly strides: readonly number[] }): void => strides.forEach((s, k) => s !== 0 && axes.add(k))
  const visit = (at: number): void => {
    if (seen.has(at)) return
    seen.add(at)
    const node = nodes[at] as Node
    if (node.op === 'load' || node.op === 'iota') add(node.map)
    if (node.op === 'load' || node.op === 'inside') for (const g of node.guards ?? []) add(g.index)
    for (const operand of operandsOf(node)) visit(operand)
  }
  visit(id)
  return axes
}
