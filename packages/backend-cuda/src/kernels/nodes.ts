/**
 * Node lists as statements, for one point or for several (four, mostly) that are neighbours along an axis. What is the same for all of them is computed
 * once, and loads of neighbouring elements are one access, or few; the rest is in a loop over the lanes, which the compiler unrolls.
 */
import {
  type Affine,
  type ComputeDType,
  type DType,
  type Guard,
  invariant,
  type Load,
  type Node,
  type NodeId,
  type Store,
} from '@cotangent/core/kernel'
import { affine, inside } from '../language/address.ts'
import { instruction } from '../language/instructions.ts'
import { bytesOnDevice, literal, loaded, stored, suffixOf, valueType } from '../language/types.ts'
import { type Lanes, vectorOf } from './lanes.ts'
import type { Writer } from './writer.ts'

/** How an address changes over the lanes: not at all, to the next element of an aligned group of so many, or otherwise. */
export type Pattern = 'uniform' | 'vector' | 'lane'

export interface Points {
  readonly lanes: Lanes
  /** Indices of the first point; undefined where they have no index in common, and only flat addresses are known before the lanes. */
  readonly first: readonly string[]
  /** Indices of point `l`. */
  readonly lane: readonly string[]
  pattern(map: Affine): Pattern
  /** The address of the first element, of a map whose pattern is `vector`. */
  vectorAddress(map: Affine): string
  /** Declarations of `lane`'s indices, at the start of the loop over lanes. */
  readonly laneStatements: readonly string[]
}

/** A value as it is named in the loop over lanes. */
export interface Value {
  readonly text: string
  /** Not the same in all lanes. */
  readonly varies: boolean
}

export class Nodes {
  private readonly before: string[] = []
  private readonly inner: string[] = []
  private readonly innerLast: string[] = []
  private readonly after: string[] = []
  private readonly values: Map<NodeId, Value>
  private readonly list: readonly Node[]
  private readonly writer: Writer
  private readonly points: Points
  private readonly prefix: string
  private readonly reduced: readonly Value[]

  /** `known`: values of nodes that were computed elsewhere. */
  constructor(
    list: readonly Node[],
    writer: Writer,
    points: Points,
    prefix: string,
    reduced: readonly Value[] = [],
    known: ReadonlyMap<NodeId, Value> = new Map(),
  ) {
    this.list = list
    this.writer = writer
    this.points = points
    this.prefix = prefix
    this.reduced = reduced
    this.values = new Map(known)
  }

  /** All statements that were asked for. */
  get statements(): readonly string[] {
    const { before, after, points } = this,
      inner = [...this.inner, ...this.innerLast]
    const loop =
      inner.length === 0 ? [] : ['#pragma unroll', `for (int l = 0; l < ${points.lanes}; l++) {`, ...points.laneStatements, ...inner, '}']
    return [...before, ...loop, ...after]
  }

  /** Appends a statement for each lane, or the only one. */
  each(statement: string): void {
    ;(this.points.lanes === 1 ? this.before : this.inner).push(statement)
  }

  dtypeOf(id: NodeId): ComputeDType {
    return (this.list[id] as Node).dtype
  }

  value(id: NodeId): Value {
    const known = this.values.get(id)
    if (known !== undefined) return known
    const value = this.evaluate(id, this.list[id] as Node)
    this.values.set(id, value)
    return value
  }

  store({ buffer, map, value }: Store): void {
    const { writer, points } = this,
      { dtype } = writer.context.spec(buffer),
      { text } = this.value(value)
    const pointer = writer.memory(buffer),
      name = `${this.prefix}r${this.after.length}`
    // Stores come last: the plan may have given the target the memory of something that is loaded here for another store.
    if (points.lanes === 1 || points.pattern(map) !== 'vector') {
      const indices = points.lanes === 1 ? points.first : points.lane
      const statement = `${pointer}[${affine(map, writer.scope(indices))}] = ${stored(dtype, text)};`
      ;(points.lanes === 1 ? this.after : this.innerLast).push(statement)
      return
    }
    this.before.push(`${valueType(dtype)} ${name}[${points.lanes}];`)
    this.inner.push(`${name}[l] = ${text};`)
    this.after.push(...this.inVectors('store', dtype, `${pointer} + (${points.vectorAddress(map)})`, name))
  }

  private evaluate(id: NodeId, node: Node): Value {
    switch (node.op) {
      case 'const':
        return { text: literal(node.dtype, node.value), varies: false }
      case 'reduced': {
        const value = this.reduced[node.index]
        invariant(value !== undefined, `cuda: there is no reduction ${node.index}`)
        return value
      }
      case 'load':
        return this.load(id, node)
      case 'iota': {
        const varies = this.varies(node.map)
        return this.define(id, node.dtype, `(${valueType(node.dtype)})(${affine(node.map, this.scope(varies))})`, varies)
      }
      case 'inside': {
        const varies = node.guards.some(g => this.varies(g.index))
        return this.define(id, 'bool', inside(node.guards, this.scope(varies)), varies)
      }
      default: {
        const args = node.args.map(a => this.value(a))
        const text = instruction(
          node.op,
          node.dtype,
          this.dtypeOf(node.args[0] as NodeId),
          args.map(a => a.text),
        )
        return this.define(
          id,
          node.dtype,
          text,
          args.some(a => a.varies),
        )
      }
    }
  }

  private define(id: NodeId, dtype: ComputeDType, text: string, varies: boolean): Value {
    const name = `${this.prefix}${id}`
    ;(varies ? this.inner : this.before).push(`const ${valueType(dtype)} ${name} = ${text};`)
    return { text: name, varies }
  }

  private load(id: NodeId, load: Load): Value {
    const { writer, points } = this,
      { buffer, dtype, map, guards = [], indirect = [] } = load
    if (writer.context.isCounter(buffer)) {
      const varies = guards.some(g => this.varies(g.index))
      return this.define(id, dtype, this.guarded(guards, varies, dtype, writer.scalar(buffer)), varies)
    }
    const indices = indirect.map(i => ({ stride: i.stride, value: this.value(i.index) }))
    const same = !guards.some(g => this.varies(g.index)) && !indices.some(i => i.value.varies)
    const more = indices.map(i => [i.stride, i.value.text] as const)
    const pattern = points.lanes === 1 ? 'uniform' : points.pattern(map)
    if (same && pattern === 'vector' && indirect.every(i => i.stride % points.lanes === 0)) return this.loadVector(id, load, more)
    const varies = points.lanes !== 1 && !(same && pattern === 'uniform')
    const element = loaded(writer.context.spec(buffer).dtype, `${writer.memory(buffer)}[${affine(map, this.scope(varies), more)}]`)
    return this.define(id, dtype, this.guarded(guards, varies, dtype, element), varies)
  }

  private loadVector(id: NodeId, { buffer, dtype, map, guards = [] }: Load, more: readonly (readonly [number, string])[]): Value {
    const name = `${this.prefix}${id}`,
      declared = `${valueType(dtype)} ${name}[${this.points.lanes}]`
    const address = [this.points.vectorAddress(map), ...more.map(([s, text]) => `${s} * ${text}`)].join(' + ')
    const { dtype: inMemory } = this.writer.context.spec(buffer),
      access = this.inVectors('load', inMemory, `${this.writer.memory(buffer)} + (${address})`, name)
    if (guards.length === 0) this.before.push(`${declared};`, ...access)
    else {
      const zeros = new Array<string>(this.points.lanes).fill(literal(dtype, 0)).join(', ')
      this.before.push(`${declared} = {${zeros}};`, `if ${inside(guards, this.scope(false))} {`, ...access, '}')
    }
    return { text: `${name}[l]`, varies: true }
  }

  /** Moves the elements of all lanes between memory and the array `name`. */
  private inVectors(way: 'load' | 'store', dtype: DType, pointer: string, name: string): readonly string[] {
    const { lanes } = this.points,
      count = vectorOf(bytesOnDevice(dtype), dtype === 'bool', lanes)
    return Array.from({ length: lanes / count }, (_, i) => {
      const [memory, values] = i === 0 ? [pointer, name] : [`${pointer} + ${i * count}`, `${name} + ${i * count}`]
      return `${way}${count}_${suffixOf(dtype)}(${way === 'load' ? `${values}, ${memory}` : `${memory}, ${values}`});`
    })
  }

  private guarded(guards: readonly Guard[], varies: boolean, dtype: ComputeDType, element: string): string {
    return guards.length === 0 ? element : `${inside(guards, this.scope(varies))} ? ${element} : ${literal(dtype, 0)}`
  }

  private varies(map: Affine): boolean {
    return this.points.lanes !== 1 && this.points.pattern(map) !== 'uniform'
  }

  private scope(varies: boolean): ReturnType<Writer['scope']> {
    return this.writer.scope(varies ? this.points.lane : this.points.first)
  }
}
