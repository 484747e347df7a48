/** The text of a scatter at one point: where its target is, whether it counts, its value. */
import type { Affine, ComputeDType, InstructionName, Node } from '@cotangent/core/kernel'
import type { EmitContext, Launch, MemoryId } from '../command.ts'
import { affine, indexType } from '../language/address.ts'
import { instruction } from '../language/instructions.ts'
import { Nodes } from './nodes.ts'
import { indicesOf, onePoint } from './points.ts'
import type { ScatterRoles } from './scatter-roles.ts'
import { mapsOf } from './space.ts'
import { Writer } from './writer.ts'

const THREADS = 256

/** An update at a point of its window. */
export interface Point {
  readonly update: string
  /** Absent: the window's first point. */
  readonly place?: string
}

export class ScatterText {
  readonly roles: ScatterRoles
  readonly writer: Writer
  readonly dtype: ComputeDType

  constructor(roles: ScatterRoles, writer: Writer) {
    this.roles = roles
    this.writer = writer
    this.dtype = (roles.kernel.body[roles.kernel.value] as Node).dtype
  }

  /** `more`: what the function writes beside the scatter's own buffer. */
  static begin(context: EmitContext, roles: ScatterRoles, more: readonly MemoryId[] = []): ScatterText {
    const { body, map, extents, buffer } = roles.kernel
    const maps = [...body.flatMap(mapsOf), map],
      specs = [buffer, ...body.flatMap(n => (n.op === 'load' ? [n.buffer] : []))].map(id => context.spec(id))
    return new ScatterText(roles, new Writer(context, indexType(maps, extents, specs), new Set([buffer, ...more])))
  }

  get buffer(): string {
    return this.writer.memory(this.roles.kernel.buffer)
  }

  private at({ update, place }: Point): { readonly statements: readonly string[]; readonly indices: readonly string[] } {
    const { updates, window, kernel } = this.roles,
      { type } = this.writer,
      extent = (k: number): number => kernel.extents[k] as number
    const u = indicesOf(update, updates.map(extent), type, 'a'),
      w = indicesOf(place ?? '0', window.map(extent), type, 'b')
    const indices = kernel.extents.map(
      (_, k) => (updates.includes(k) ? u.indices[updates.indexOf(k)] : w.indices[window.indexOf(k)]) ?? '0',
    )
    return { statements: [...u.statements, ...(place === undefined ? [] : w.statements)], indices: this.unplaced(indices, place) }
  }

  private unplaced(indices: readonly string[], place: string | undefined): readonly string[] {
    return place === undefined ? indices.map((i, k) => (this.roles.window.includes(k) ? '0' : i)) : indices
  }

  /** Declares `slot`, of the index type: -1 where the condition fails. */
  slot(point: Point): readonly string[] {
    const { kernel, base, pitch } = this.roles,
      { writer } = this
    const { statements, indices } = this.at({ update: point.update }),
      { nodes, address, where } = this.target(indices, { ...kernel.map, offset: kernel.map.offset - base })
    const slot = pitch === 0 ? '0' : `(${address}) / ${pitch}`
    return [`${writer.type} slot = -1;`, '{', ...statements, ...nodes.statements, `if (${where}) slot = ${slot};`, '}']
  }

  /** Statements with `value` and `address` in scope, where the condition holds. */
  visit(point: Point, then: (address: string, value: string) => readonly string[]): readonly string[] {
    const { kernel } = this.roles
    const { statements, indices } = this.at(point),
      { nodes, address, where } = this.target(indices, kernel.map)
    const inner = new Nodes(kernel.body, this.writer, onePoint(indices), 'v'),
      { text } = inner.value(kernel.value)
    return ['{', ...statements, ...nodes.statements, `if (${where}) {`, ...inner.statements, ...then(address, text), '}', '}']
  }

  /** Statements with `value` in scope, whatever the condition says. */
  value(point: Point, then: (value: string) => readonly string[]): readonly string[] {
    const { kernel } = this.roles,
      { statements, indices } = this.at(point)
    const nodes = new Nodes(kernel.body, this.writer, onePoint(indices), 'v'),
      { text } = nodes.value(kernel.value)
    return ['{', ...statements, ...nodes.statements, ...then(text), '}']
  }

  private target(indices: readonly string[], map: Affine): { readonly nodes: Nodes; readonly address: string; readonly where: string } {
    const { kernel } = this.roles
    const nodes = new Nodes(kernel.body, this.writer, onePoint(indices), 'v'),
      indirect = kernel.indirect.map(i => [i.stride, nodes.value(i.index).text] as const),
      where = kernel.where === undefined ? '1' : nodes.value(kernel.where).text
    return { nodes, address: affine(map, this.writer.scope(indices), indirect), where }
  }

  /** The element of a slot at a point of the window. */
  element(slot: string, place: string): { readonly statements: readonly string[]; readonly address: string } {
    const { window, kernel, base, pitch } = this.roles
    const extents = window.map(k => kernel.extents[k] as number),
      { statements, indices } = indicesOf(place, extents, this.writer.type, 'b')
    const map = { offset: base, strides: window.map(k => kernel.map.strides[k] as number) }
    // With a pitch of 0 there are no run-time terms left out: base is the whole offset.
    return { statements, address: affine(map, this.writer.scope(indices), [[pitch, slot]]) }
  }

  combined(old: string, value: string): string {
    const { combine } = this.roles.kernel
    return combine === 'set' ? value : instruction(combine satisfies InstructionName, this.dtype, this.dtype, [old, value])
  }

  /** One thread for each of `count` numbers `p`. */
  launch(name: string, count: number, body: readonly string[]): Launch {
    const { type } = this.writer
    const text = [`const ${type} p = (${type})blockIdx.x * ${THREADS} + (${type})threadIdx.x;`, `if (p < ${count}) {`, ...body, '}']
    return this.writer.launch(`scatter_${name}`, text, [Math.ceil(count / THREADS), 1, 1], [THREADS, 1, 1])
  }
}
