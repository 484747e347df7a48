/** The updates of a Scatter as vertices. */
import { type Node, operandsOf, type Scatter, sizeOf } from '@cotangent/core/kernel'
import type { Lanes } from '../glsl/types.ts'
import type { EmitContext } from '../pass.ts'
import { affine } from './affine.ts'
import { isTexel, Nodes } from './nodes.ts'
import { Shader } from './shader.ts'

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

  /** `vertex`: number of the update. */
  constructor(context: EmitContext, kernel: Scatter, axis: number | undefined, vertex: string = 'gl_VertexID') {
    const shader = new Shader(context),
      extents = kernel.extents.map((n, k) => (k === axis ? n / 4 : n))
    const point = pointOf(extents, vertex, axis)
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

  /** The vertex shader: where the update counts and `condition` holds, a point at `texel` of the target, that carries `value`. */
  vertex(
    type: string,
    value: string,
    { condition, texel = 'e >> 2' }: { readonly condition?: string; readonly texel?: string } = {},
  ): string {
    const wanted = [...this.condition, ...(condition === undefined ? [] : [condition])].join(' && ')
    const lines = [
      ...this.statements,
      `bool wanted = ${wanted === '' ? 'true' : wanted};`,
      `gl_Position = wanted ? targetPosition(${texel}) : vec4(2.0, 2.0, 2.0, 1.0);`,
      'gl_PointSize = 1.0;',
      `value = ${value};`,
    ]
    return `flat out ${type} value;\nvoid main() {\n${lines.join('\n')}\n}\n`
  }

  /** A float value in its lane of the texel, and in the others what leaves these as they are. Four values fill the texel. */
  inLane(value: string, neutral: string): string {
    return this.lanes === 4 ? value : `mix(vec4(${neutral}), vec4(${value}), equal(ivec4(e & 3), ivec4(0, 1, 2, 3)))`
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
export function texelAxis({ extents, body, buffer, map, indirect, where, value }: Scatter): number | undefined {
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
