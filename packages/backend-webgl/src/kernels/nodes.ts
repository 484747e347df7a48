/**
 * Node lists as GLSL statements. With a vector axis, values are of four consecutive points along it; what does not change along it is kept
 * as one value.
 */
import { type Affine, type Guard, invariant, type Load, type Node, type NodeId, sameMap } from '@cotangent/core/kernel'
import { instruction, type Operand } from '../glsl/instructions.ts'
import { constant, fromTexel, glslType, type Lanes } from '../glsl/types.ts'
import type { Layout } from '../pass.ts'
import { affine, inside } from './affine.ts'
import { sameTexel, type Shader } from './shader.ts'

/** A value in a shader: `lanes` 1 where it is the same along the vector axis. */
export interface Value extends Operand {
  readonly lanes: Lanes
}

export interface Scope {
  readonly shader: Shader
  /** Index of each axis; of the vector axis that of the first of four points. */
  readonly indices: readonly string[]
  /** Undefined: one point at a time. */
  readonly axis: number | undefined
  /** Of variables. */
  readonly prefix: string
  /** Results of reductions. */
  readonly reduced: readonly Value[]
  /** Where the four points are stored, if they fill one texel: a load through the same map from a texture like it reads the same texel. */
  readonly target: { readonly map: Affine; readonly layout: Layout } | undefined
}

export class Nodes {
  readonly statements: string[] = []
  private readonly nodes: readonly Node[]
  private readonly scope: Scope
  private readonly values: (Value | undefined)[] = []

  constructor(nodes: readonly Node[], scope: Scope) {
    this.nodes = nodes
    this.scope = scope
  }

  /** The value of a node; it and all that it needs are computed by `statements`. */
  value(id: NodeId): Value {
    const known = this.values[id]
    if (known !== undefined) return known
    const node = this.nodes[id] as Node,
      value = this.print(node)
    const { lanes } = value
    return (this.values[id] = value.value === undefined ? this.define(id, node, value.text, lanes) : value)
  }

  /** The value in as many lanes. */
  wide(id: NodeId, lanes: Lanes): string {
    return widen(this.value(id), (this.nodes[id] as Node).dtype, lanes).text
  }

  private define(id: NodeId, node: Node, text: string, lanes: Lanes): Value {
    // A name costs nothing, but some texts are names already.
    if (/^\w+$/.test(text)) return { text, lanes }
    const name = `${this.scope.prefix}${id}`
    this.statements.push(`${glslType(node.dtype, lanes)} ${name} = ${text};`)
    return { text: name, lanes }
  }

  private print(node: Node): Value {
    switch (node.op) {
      case 'const':
        return { text: constant(node.dtype, node.value, 1), value: node.value, lanes: 1 }
      case 'load':
        return this.load(node)
      case 'iota':
        return this.iota(node.map, node)
      case 'inside':
        return this.inside(node.guards)
      case 'reduced': {
        const value = this.scope.reduced[node.index]
        invariant(value !== undefined, `webgl: there is no reduction ${node.index}`)
        return value
      }
      default: {
        const values = node.args.map(a => this.value(a)),
          lanes = values.some(v => v.lanes === 4) ? 4 : 1
        const dtypes = node.args.map(a => (this.nodes[a] as Node).dtype)
        const args = values.map((v, i) => widen(v, dtypes[i] as Node['dtype'], lanes))
        if (this.looksExtreme(node)) args[1] = { text: `opaque_${lanes}(${(args[1] as Value).text})`, lanes }
        return { text: instruction(node.op, node.dtype, dtypes[0] as Node['dtype'], args, lanes), lanes }
      }
    }
  }

  /** Of `a < b ? b : a` and its kin Mesa makes a maximum, which forgets NaN where the choice does not. */
  private looksExtreme({ op, dtype, args }: Extract<Node, { args: readonly NodeId[] }>): boolean {
    const predicate = this.nodes[args[0] as NodeId] as Node
    if (op !== 'select' || dtype !== 'float32' || !('args' in predicate) || !['lt', 'le', 'gt', 'ge'].includes(predicate.op)) return false
    const chosen = args.slice(1).map(a => this.value(a).text)
    return predicate.args.every(a => chosen.includes(this.value(a).text))
  }

  private iota(map: Affine, { dtype }: Node): Value {
    const { shader, indices } = this.scope,
      stride = this.strideOf(map),
      first = affine(shader, map, indices)
    if (stride === 0) return { text: `${glslType(dtype, 1)}(${first})`, lanes: 1 }
    return { text: `${glslType(dtype, 4)}(${first} + ${stride} * ivec4(0, 1, 2, 3))`, lanes: 4 }
  }

  private inside(guards: readonly Guard[]): Value {
    if (guards.every(g => this.strideOf(g.index) === 0))
      return { text: `(${inside(this.scope.shader, guards, this.scope.indices)})`, lanes: 1 }
    return { text: `bvec4(${this.perLane(indices => inside(this.scope.shader, guards, indices))})`, lanes: 4 }
  }

  // ---- loads

  private load(load: Load): Value {
    const { shader, target } = this.scope
    if (shader.context.isCounter(load.buffer)) return this.counter(load)
    const guards = load.guards ?? [],
      indirect = (load.indirect ?? []).map(({ index, stride }) => ({ value: this.value(index), stride }))
    const same = guards.every(g => this.strideOf(g.index) === 0) && indirect.every(i => i.value.lanes === 1)
    if (same && this.strideOf(load.map) === 0) return { text: this.element(load, this.scope.indices), lanes: 1 }
    const { dtype, width, height } = shader.context.spec(load.buffer)
    if (
      target !== undefined &&
      guards.length + indirect.length === 0 &&
      sameMap(load.map, target.map) &&
      width === target.layout.width &&
      height === target.layout.height
    )
      return { text: fromTexel(dtype, 4, sameTexel(shader.sampler(load.buffer, false))), lanes: 4 }
    if (same && isTexel(load, this.scope.axis as number))
      return {
        text: this.guarded(
          load,
          this.scope.indices,
          `${shader.sampler(load.buffer, true)}_texel(${this.address(load, this.scope.indices)} >> 2)`,
          4,
        ),
        lanes: 4,
      }
    return { text: guards.length > 0 && !same ? this.fourGuarded(load, guards) : this.fourElements(load), lanes: 4 }
  }

  private fourElements(load: Load): string {
    return `${glslType(load.dtype, 4)}(${this.perLane((indices, lane) => this.element(load, indices, lane))})`
  }

  /** One branch for four lanes: drivers that see a branch for each take minutes over a loop of dozens of them. Texels beyond the edge may be read. */
  private fourGuarded(load: Load, guards: readonly Guard[]): string {
    const zero = constant(load.dtype, 0, 4),
      outside = load.dtype === 'float32' ? `opaque_4(${zero})` : zero
    const where = `bvec4(${this.perLane(indices => inside(this.scope.shader, guards, indices))})`
    return `(any(${where}) ? choose_4(${where}, ${this.fourElements({ ...load, guards: [] })}, ${outside}) : ${outside})`
  }

  /** The one element of a Scan's counter, where the guards hold. */
  private counter(load: Load): Value {
    const { shader, indices } = this.scope,
      text = shader.counter(load.buffer)
    if ((load.guards ?? []).every(g => this.strideOf(g.index) === 0)) return { text: this.guarded(load, indices, text, 1), lanes: 1 }
    return { text: `${glslType(load.dtype, 4)}(${this.perLane(i => this.guarded(load, i, text, 1))})`, lanes: 4 }
  }

  private element(load: Load, indices: readonly string[], lane = 0): string {
    return this.guarded(load, indices, `${this.scope.shader.sampler(load.buffer, true)}_at(${this.address(load, indices, lane)})`, 1)
  }

  private guarded({ guards = [], dtype }: Load, indices: readonly string[], text: string, lanes: Lanes): string {
    if (guards.length === 0) return text
    // Where the guards never hold drivers would see the zero, and simplify by it.
    const zero = constant(dtype, 0, lanes),
      outside = dtype === 'float32' ? `opaque_${lanes}(${zero})` : zero
    return `(${inside(this.scope.shader, guards, indices)} ? ${text} : ${outside})`
  }

  private address({ map, indirect = [] }: Load, indices: readonly string[], lane = 0): string {
    const terms = indirect.map(({ index, stride }) => {
      const { text, lanes } = this.value(index)
      return ` + ${stride} * ${lanes === 1 ? text : `${text}[${lane}]`}`
    })
    return `(${affine(this.scope.shader, map, indices)}${terms.join('')})`
  }

  private strideOf({ strides }: Affine): number {
    const { axis } = this.scope
    return axis === undefined ? 0 : (strides[axis] as number)
  }

  private perLane(text: (indices: readonly string[], lane: number) => string): string {
    const { indices, axis } = this.scope
    return [0, 1, 2, 3]
      .map(lane =>
        text(
          indices.map((i, k) => (k === axis && lane > 0 ? `(${i} + ${lane})` : i)),
          lane,
        ),
      )
      .join(', ')
  }
}

/** Does a load read four consecutive points along `axis` from one texel? (Its guards and its indirect terms must not change along it.) */
export const isTexel = ({ map, indirect = [] }: Load, axis: number): boolean =>
  map.strides[axis] === 1 &&
  map.offset % 4 === 0 &&
  map.strides.every((s, k) => k === axis || s % 4 === 0) &&
  [...(map.dynamic ?? []), ...indirect].every(t => t.stride % 4 === 0)

function widen(value: Value, dtype: Node['dtype'], lanes: Lanes): Value {
  if (value.lanes === lanes) return value
  const text = value.value === undefined ? `${glslType(dtype, lanes)}(${value.text})` : constant(dtype, value.value, lanes)
  return { ...value, text, lanes }
}
