/**
 * How a block brings a tile of an operand to shared memory: which thread reads which elements, through the operand's affine maps and guards.
 * An address is the sum of a part that a thread's rows (or columns) decide, computed once, and one that the place in the sum decides, computed
 * once a step.
 */
import { type Affine, type Guard, strideAt, type Roles } from '@cotangent/core/kernel'
import { affine } from '../language/address.ts'
import { literal, loaded, suffixOf, valueType } from '../language/types.ts'
import { LANES } from './lanes.ts'
import { indicesOf, patternAlong } from './points.ts'
import type { Writer } from './writer.ts'

export interface Geometry {
  /** Rows (or columns) of the operand's tile. */
  readonly size: number
  /** Places of the sum that a step takes. */
  readonly depth: number
  readonly threads: number
  /** Neighbouring places of the sum that one thread must have. */
  readonly pair: 1 | 2
}

/** What a thread reads at a time: `deep` places of the sum of `wide` rows. */
export interface Unit {
  readonly along: 'outer' | 'sum'
  readonly deep: number
  readonly wide: number
  /** One access of 16 bytes. */
  readonly vector: boolean
  /** Units of a thread. */
  readonly count: number
}

export class OperandText {
  readonly side: 'a' | 'b'
  readonly unit: Unit
  readonly geometry: Geometry
  private readonly roles: Roles
  private readonly writer: Writer
  private readonly batch: readonly string[]

  /** `batch`: for each axis the index that the block decides, else '0'. */
  constructor(writer: Writer, roles: Roles, side: 'a' | 'b', geometry: Geometry, batch: readonly string[]) {
    this.writer = writer
    this.roles = roles
    this.side = side
    this.geometry = geometry
    this.batch = batch
    this.unit = unitOf(roles, side, geometry)
  }

  private get load(): Roles['contraction']['a'] {
    return this.roles.contraction[this.side]
  }
  private get guards(): readonly Guard[] {
    return this.load.guards ?? []
  }
  private get outer(): Roles['rows'] {
    return this.side === 'a' ? this.roles.rows : this.roles.columns
  }

  /** Threads side by side read along this many units. */
  private get lanes(): number {
    const { unit, geometry } = this
    return unit.along === 'outer' ? geometry.size / unit.wide : geometry.depth / unit.deep
  }

  /** The first row of unit `i`, within the tile; its first place, within the step. */
  row(i: string): string {
    const { unit, side } = this
    return unit.along === 'outer' ? `o${side}` : `(o${side} + ${i} * ${this.geometry.threads / this.lanes})`
  }
  place(i: string): string {
    const { unit, side } = this
    return unit.along === 'sum' ? `k${side}` : `(k${side} + ${i} * ${(this.geometry.threads / this.lanes) * unit.deep})`
  }

  /** The registers for what is read, and the parts of addresses that do not change. `first`: the tile's first row. */
  declare(first: string): readonly string[] {
    const { side, unit, writer, outer, geometry } = this,
      { lanes } = this,
      t = '(int)threadIdx.x',
      isOuter = unit.along === 'outer'
    const arrays = isOuter ? '' : `[${unit.count}]`,
      at = isOuter ? '' : '[i]',
      whole = outer.size % geometry.size === 0
    const { statements, indices } = indicesOf('o', outer.extents, writer.type, 'x'),
      full = this.batch.map((text, k) => (outer.axes.includes(k) ? (indices[outer.axes.indexOf(k)] as string) : text))
    const scope = writer.scope(full)
    const compute = [
      `${writer.type} o = ${first} + ${this.row('i')};`,
      ...(whole ? [] : [`if (o > ${outer.size - unit.wide}) o = ${outer.size - unit.wide};`]),
      ...statements,
      `base${side}${at} = ${affine(this.load.map, scope)};`,
      ...this.guards.map((g, n) => `guard${side}${n}${at} = ${affine(g.index, scope)};`),
    ]
    return [
      `const int o${side} = ${isOuter ? `${t} % ${lanes} * ${unit.wide}` : `${t} / ${lanes}`};`,
      `const int k${side} = ${isOuter ? `${t} / ${lanes}` : `${t} % ${lanes}`} * ${unit.deep};`,
      `${writer.type} base${side}${arrays};`,
      ...this.guards.map((_, n) => `${writer.type} guard${side}${n}${arrays};`),
      `${valueType(this.load.dtype)} r${side}[${unit.count * unit.deep * unit.wide}];`,
      ...(isOuter ? ['{', ...compute, '}'] : ['#pragma unroll', `for (int i = 0; i < ${unit.count}; i++) {`, ...compute, '}']),
    ]
  }

  /** Reads the step that begins at place `k0`. */
  fetch(k0: string): readonly string[] {
    const { unit } = this,
      units = ['#pragma unroll', `for (int i = 0; i < ${unit.count}; i++) {`]
    const depths = unit.vector && unit.along === 'sum' ? [0] : [...new Array(unit.deep).keys()]
    const each = (d: number, inner: boolean): readonly string[] => {
      const { statements, part, guards } = this.sumPart(`${k0} + ${this.place('i')} + ${d}`)
      const access = this.access(d, part, guards)
      return inner ? ['{', ...statements, ...access, '}'] : ['{', ...statements, ...units, ...access, '}', '}']
    }
    if (unit.along === 'sum') return depths.flatMap(d => each(d, false))
    return [...units, ...depths.flatMap(d => each(d, true)), '}']
  }

  private sumPart(place: string): { readonly statements: readonly string[]; readonly part: string; readonly guards: readonly string[] } {
    const { writer, roles, load, side } = this,
      { sum } = roles,
      { statements, indices } = indicesOf('k', sum.extents, writer.type, 's')
    const scope = writer.scope(this.batch.map((_, k) => (sum.axes.includes(k) ? (indices[sum.axes.indexOf(k)] as string) : '0')))
    const ofSum = (map: Affine): string => affine({ offset: 0, strides: map.strides.map((s, k) => (sum.axes.includes(k) ? s : 0)) }, scope)
    return {
      statements: [`const ${writer.type} k = ${place};`, ...statements, `const ${writer.type} part = ${ofSum(load.map)};`],
      part: `base${side}${this.atUnit} + part`,
      guards: this.guards.map((g, n) => `guard${side}${n}${this.atUnit} + (${ofSum(g.index)})`),
    }
  }

  private get atUnit(): string {
    return this.unit.along === 'outer' ? '' : '[i]'
  }

  private access(d: number, address: string, guards: readonly string[]): readonly string[] {
    const { side, unit, writer, load } = this,
      zero = literal(load.dtype, 0),
      unsigned = writer.type === 'int' ? 'unsigned' : 'unsigned long long'
    const tests = guards.map((g, n) => {
      const { extent } = this.guards[n] as Guard
      return extent <= 0 ? '0' : `(${unsigned})(${g}) < ${extent}u`
    })
    const condition = ['k < end', ...tests].join(' && '),
      { dtype } = writer.context.spec(load.buffer),
      pointer = writer.memory(load.buffer),
      to = `(i * ${unit.deep} + ${d}) * ${unit.wide}`
    if (!unit.vector) return [`r${side}[${to}] = ${condition} ? ${loaded(dtype, `${pointer}[${address}]`)} : ${zero};`]
    const zeros = [0, 1, 2, 3].map(l => `r${side}[${to} + ${l}] = ${zero};`).join(' ')
    return [`if (${condition}) load4_${suffixOf(dtype)}(r${side} + ${to}, ${pointer} + (${address}));`, `else { ${zeros} }`]
  }
}

function unitOf(roles: Roles, side: 'a' | 'b', { size, depth, threads, pair }: Geometry): Unit {
  const { contraction, sum } = roles,
    { map, guards = [] } = contraction[side],
    outer = side === 'a' ? roles.rows : roles.columns
  const step = (axis: number | undefined): number => {
    const s = axis === undefined ? 0 : Math.abs(strideAt(map, axis))
    return s === 0 ? Infinity : s
  }
  const last = { outer: outer.axes.at(-1), sum: sum.axes.at(-1) },
    along = step(last.sum) <= step(last.outer) ? 'sum' : 'outer',
    axis = last[along] ?? -1
  const isVector =
    patternAlong(axis, map, contraction.extents) === 'vector' &&
    (contraction.extents[axis] as number) % LANES === 0 &&
    guards.every(g => strideAt(g.index, axis) === 0) &&
    (size * depth) / threads >= LANES * (along === 'outer' ? pair : 1)
  const deep = along === 'sum' && isVector ? LANES : pair,
    wide = along === 'outer' && isVector ? LANES : 1
  return { along, deep, wide, vector: isVector, count: (size * depth) / (threads * deep * wide) }
}
