/** Builds node lists, whose nodes have dtypes to compute with (widen.ts). Equal nodes are made once (hash-consing), guards that always hold are dropped, recipes of lazy values are expanded in place. */
import { bitsOf, computeDType, convert, type DType, isFloat, isStorage } from '../dtype.ts'
import { invariant } from '../errors.ts'
import { stridesOf } from '../shape.ts'
import type { InstructionName } from './instructions.ts'
import type { Affine, Guard, Load, Loop, Node, NodeId, Store } from './kernel.ts'
import { type Body, type Index, type Value, indexAdd, indexConstant, indexScale } from './lowering.ts'
import { type Lazy, asLazy } from './value.ts'
import { applyStorage, castStorage, wrapTo } from './widen.ts'

/** The element offset of position `index` in a row-major array of `shape`. */
export function flatten(shape: readonly number[], index: readonly Index[], axes: number): Affine {
  const strides = stridesOf(shape)
  return index.reduce((sum, ix, k) => indexAdd(sum, indexScale(ix, strides[k] as number)), indexConstant(0, axes))
}

/** Smallest and largest value of an affine function over the iteration space; its dynamic terms make it unbounded. */
export function rangeOf(a: Affine, extents: readonly number[]): readonly [number, number] {
  if ((a.dynamic ?? []).length > 0) return [-Infinity, Infinity]
  let lo = a.offset,
    hi = a.offset
  a.strides.forEach((s, k) => {
    const reach = s * Math.max(0, (extents[k] as number) - 1)
    if (reach < 0) lo += reach
    else hi += reach
  })
  return [lo, hi]
}

/** Does the guard hold at every point of an iteration space? Those with dynamic terms may not. */
export function alwaysHolds({ index, extent }: Guard, extents: readonly number[]): boolean {
  const [low, high] = rangeOf(index, extents)
  return low >= 0 && high < extent
}

const affineKey = (a: Affine): string => `${a.offset}+${a.strides.join()}${a.dynamic ? JSON.stringify(a.dynamic) : ''}`
const guardsKey = (g: readonly Guard[]): string => g.map(x => `${affineKey(x.index)}<${x.extent}`).join('&')

function nodeKey(n: Node): string {
  switch (n.op) {
    case 'load':
      return `load ${n.buffer} ${affineKey(n.map)} ${n.guards ? guardsKey(n.guards) : ''} ${n.indirect ? n.indirect.map(i => `${i.index}*${i.stride}`).join() : ''}`
    case 'const':
      return `const ${n.dtype} ${Object.is(n.value, -0) ? '-0' : n.value}`
    case 'iota':
      return `iota ${n.dtype} ${affineKey(n.map)}`
    case 'inside':
      return `inside ${guardsKey(n.guards)}`
    case 'reduced':
      return `reduced ${n.index}`
    default:
      return `${n.op} ${n.dtype} ${n.args.join()}`
  }
}

export class BodyBuilder implements Body {
  readonly extents: readonly number[]
  private readonly list: Node[] = []
  private readonly known = new Map<string, NodeId>()
  /** Integers of 8 bits in an int32. */
  private readonly small = new Set<NodeId>()
  /** Guards that hold for everything being read at the moment. */
  private active: readonly Guard[] = []

  constructor(extents: readonly number[]) {
    this.extents = extents
  }
  get axes(): number {
    return this.extents.length
  }
  nodes(): readonly Node[] {
    return this.list
  }
  node(id: NodeId): Node {
    return this.list[id] as Node
  }

  push(n: Node): NodeId {
    const key = nodeKey(n)
    const old = this.known.get(key)
    if (old !== undefined) return old
    this.list.push(n)
    this.known.set(key, this.list.length - 1)
    return this.list.length - 1
  }
  constant(value: number, dtype: DType): NodeId {
    return this.noted(this.push({ op: 'const', dtype: computeDType(dtype), value: convert(value, dtype) }), dtype)
  }
  iota(index: Index, dtype: DType): NodeId {
    return this.wrapped(this.push({ op: 'iota', dtype: computeDType(dtype), map: index }), dtype)
  }
  apply(op: InstructionName, args: readonly NodeId[], dtype: DType): NodeId {
    if (op === 'cast') return this.cast(args[0] as NodeId, dtype)
    if (isStorage(dtype)) return this.noted(applyStorage(this, op, args, dtype), dtype)
    return this.unchanged(op, args) ?? this.push({ op, dtype, args })
  }
  /** A result of a reduction, whose integers may have left the range of the dtype. */
  reduced(index: number, dtype: DType): NodeId {
    return this.wrapped(this.push({ op: 'reduced', dtype: computeDType(dtype), index }), dtype)
  }

  read(value: Value, index: readonly Index[]): NodeId {
    const v = asLazy(value)
    invariant(index.length === v.aval.shape.length, `read of a ${v.aval.shape.length}-d value at ${index.length} indices`)
    return v.buffer !== null ? this.load(v, index) : (v.recipe as NonNullable<Lazy['recipe']>).rule(this, index)
  }
  readGuarded(value: Value, index: readonly Index[], guards: readonly Guard[], fill: number): NodeId {
    const needed = guards.filter(g => !alwaysHolds(g, this.extents))
    if (needed.length === 0) return this.read(value, index)
    // An empty input has no element to read.
    if (needed.some(g => g.extent === 0)) return this.constant(fill, value.aval.dtype)
    const outer = this.active
    this.active = [...outer, ...needed]
    const id = this.read(value, index)
    this.active = outer
    const n = this.node(id)
    if (n.op === 'load' && fill === 0) return id
    return this.apply('select', [this.push({ op: 'inside', dtype: 'bool', guards: needed }), id, this.constant(fill, n.dtype)], n.dtype)
  }
  gather(value: Value, index: readonly Index[], indirect: readonly { readonly axis: number; readonly node: NodeId }[]): NodeId {
    const strides = stridesOf(value.aval.shape)
    return this.load(
      asLazy(value),
      index,
      indirect.map(i => ({ index: i.node, stride: strides[i.axis] as number })),
    )
  }

  private cast(x: NodeId, dtype: DType): NodeId {
    if (isStorage(dtype)) return this.noted(castStorage(this, x, dtype, this.small.has(x)), dtype)
    return this.node(x).dtype === dtype ? x : this.push({ op: 'cast', dtype, args: [x] })
  }
  private wrapped(x: NodeId, dtype: DType): NodeId {
    return this.noted(wrapTo(this, x, dtype), dtype)
  }
  private noted(x: NodeId, dtype: DType): NodeId {
    if (bitsOf(dtype) === 8) this.small.add(x)
    return x
  }
  /** The operand that an instruction gives back as it is, for all its values: `x * 1`, `x / 1`, `x - 0`. Not `x + 0`, which turns -0 into 0. */
  private unchanged(op: InstructionName, [a, b]: readonly NodeId[]): NodeId | null {
    const is = (id: NodeId | undefined, value: number): boolean => {
      const n = id === undefined ? undefined : this.node(id)
      return n?.op === 'const' && Object.is(n.value, value)
    }
    if (op === 'mul') return is(b, 1) ? (a as NodeId) : is(a, 1) ? (b as NodeId) : null
    return (op === 'div' && is(b, 1)) || (op === 'sub' && is(b, 0)) ? (a as NodeId) : null
  }
  private load(v: Lazy, index: readonly Index[], indirect?: Load['indirect']): NodeId {
    invariant(v.buffer !== null, 'a gather reads a stored value')
    const { shape, dtype } = v.aval
    const n: Load = {
      op: 'load',
      buffer: v.buffer,
      dtype: computeDType(dtype),
      map: flatten(shape, index, this.extents.length),
      ...(this.active.length > 0 && { guards: this.active }),
      ...(indirect !== undefined && { indirect }),
    }
    return this.noted(this.push(n), dtype)
  }
}

/** A Loop without reduced axes. */
export const elementwise = (extents: readonly number[], nodes: readonly Node[], stores: readonly Store[]): Loop => ({
  kind: 'loop',
  extents,
  parallel: extents.length,
  body: [],
  bodyStores: [],
  reductions: [],
  epilogue: nodes,
  stores,
})

/** A sum begins with 0, so that of -0 alone is 0. */
export const sumOfOne = (b: BodyBuilder, id: NodeId): NodeId => {
  const { dtype } = b.node(id)
  return isFloat(dtype) ? b.apply('add', [b.constant(0, dtype), id], dtype) : id
}
