/** Random node lists. Their results do not depend on the order or precision of float sums, so that backends can be compared bit by bit. */
import { type ComputeDType, isFloat } from '../../src/dtype.ts'
import { inDomain, type InstructionName, instructions, type ReduceOp } from '../../src/lower/instructions.ts'
import type { BufferId, Node, NodeId, Reduction } from '../../src/lower/kernel.ts'
import { stridesOf } from '../../src/shape.ts'
import { drawGuard, drawLoad, type Draft } from './draft.ts'

/** Instructions whose float32 and float64 results IEEE 754 determines. */
export const exactInstructions: readonly InstructionName[] = [
  'add',
  'sub',
  'mul',
  'div',
  'rem',
  'neg',
  'abs',
  'max',
  'min',
  'sign',
  'floor',
  'ceil',
  'trunc',
  'round',
  'sqrt',
  'isFinite',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'and',
  'or',
  'xor',
  'not',
  'shiftLeft',
  'shiftRightLogical',
  'shiftRightArithmetic',
  'select',
  'cast',
]

export class NodeList {
  readonly nodes: Node[]
  readonly draft: Draft
  readonly extents: readonly number[]

  constructor(draft: Draft, extents: readonly number[], nodes: readonly Node[] = []) {
    this.draft = draft
    this.extents = extents
    this.nodes = [...nodes]
  }

  push(node: Node): NodeId {
    return this.nodes.push(node) - 1
  }

  constant(dtype: ComputeDType, value: number): NodeId {
    return this.push({ op: 'const', dtype, value })
  }

  dtypeOf(id: NodeId): ComputeDType {
    return (this.nodes[id] as Node).dtype
  }

  loads(buffer: BufferId): boolean {
    return this.nodes.some(n => n.op === 'load' && n.buffer === buffer)
  }

  /** A node of this dtype: an old one, or a new leaf. */
  value(dtype: ComputeDType): NodeId {
    const { choices } = this.draft
    const old = this.nodes.flatMap((n, i) => (n.dtype === dtype ? [i] : []))
    return old.length > 0 && choices.chance(70) ? choices.pick(old) : this.leaf(dtype)
  }

  leaf(dtype: ComputeDType): NodeId {
    const { choices } = this.draft
    const kind = choices.below(10)
    if (kind === 7) return this.constant(dtype, dtype === 'bool' || dtype === 'uint32' ? choices.below(2) : choices.between(-3, 3))
    if (kind === 8 && dtype !== 'bool')
      return this.push({
        op: 'iota',
        dtype,
        map: { offset: choices.between(-2, 2), strides: this.extents.map(() => choices.between(-2, 2)) },
      })
    if (kind === 8) return this.push({ op: 'inside', dtype: 'bool', guards: [drawGuard(this.extents, choices)] })
    return this.load(dtype)
  }

  load(dtype: ComputeDType, accept?: (b: unknown, id: BufferId) => boolean): NodeId {
    const { choices } = this.draft
    const gather = choices.chance(15) && this.draft.dtypes.includes('int32') ? { index: this.index(3), extent: 3 } : undefined
    return this.push(
      drawLoad(this.draft, dtype, this.extents, {
        ...(gather === undefined ? {} : { gather }),
        ...(accept === undefined ? {} : { accept }),
      }),
    )
  }

  /** An int32 node with values 0, ..., extent - 1. */
  index(extent: number): NodeId {
    const low = this.push({ op: 'max', dtype: 'int32', args: [this.value('int32'), this.constant('int32', 0)] })
    return this.push({ op: 'min', dtype: 'int32', args: [low, this.constant('int32', extent - 1)] })
  }

  instruction(names: readonly InstructionName[]): NodeId {
    const { draft } = this,
      { choices, dtypes } = draft
    const name = choices.pick(names)
    const domain = dtypes.filter(d => inDomain(instructions[name].domain, d))
    if (domain.length === 0) return this.value(choices.pick(dtypes))
    const from = draft.dtype(domain),
      { arity, result } = instructions[name]
    const dtype = result === 'bool' ? 'bool' : result === 'free' ? draft.dtype() : from
    const args = Array.from({ length: arity }, (_, i) => this.value(name === 'select' && i === 0 ? 'bool' : from))
    return this.push({ op: name, dtype, args })
  }

  /** An integer from -8 to 8 (or NaN), of which any sum is exact. */
  small(value: NodeId): NodeId {
    const dtype = this.dtypeOf(value)
    const low = this.push({ op: 'max', dtype, args: [value, this.constant(dtype, -8)] })
    const both = this.push({ op: 'min', dtype, args: [low, this.constant(dtype, 8)] })
    return this.push({ op: 'round', dtype, args: [both] })
  }

  reduction(parallel: number): Reduction {
    const { choices, dtypes } = this.draft
    const value = this.value(this.draft.dtype()),
      dtype = this.dtypeOf(value)
    const reduced = this.extents.slice(parallel)
    const op = choices.pick(reduceOps(dtype, reduced.includes(0) || !dtypes.includes('int32')))
    if (op === 'argmax' || op === 'argmin') {
      const strides = [...this.extents.slice(0, parallel).map(() => 0), ...stridesOf(reduced)]
      return {
        op,
        dtype: 'int32',
        value,
        index: this.push({ op: 'iota', dtype: 'int32', map: { offset: 0, strides } }),
      }
    }
    if (isFloat(dtype) && op === 'sum') return { op, dtype, value: this.small(value) }
    if (isFloat(dtype) && op === 'prod') return { op, dtype, value: this.push({ op: 'sign', dtype, args: [value] }) }
    return { op, dtype, value }
  }
}

function reduceOps(dtype: ComputeDType, noArg: boolean): readonly ReduceOp[] {
  const numeric: readonly ReduceOp[] = dtype === 'bool' ? [] : ['sum', 'prod']
  const bits: readonly ReduceOp[] = isFloat(dtype) ? [] : ['and', 'or', 'xor']
  return [...numeric, 'max', 'min', ...bits, ...(noArg ? [] : (['argmax', 'argmin'] as const))]
}
