/**
 * Storage dtypes in expressions. Kernels compute float16 and bfloat16 as float32, int8 and uint8 as int32; loads widen and stores round or wrap. Between
 * them integers are wrapped wherever it shows, but floats are rounded only where a Program converts to the dtype: a chain of operations in one kernel is more
 * precise than the same operations one by one (as XLA with excess precision).
 */
import { bitsOf, computeDType, type DType, isFloat, isHalf, isUnsigned } from '../dtype.ts'
import { type InstructionName, rangeOfInteger } from './instructions.ts'
import type { Node, NodeId } from './kernel.ts'

/** What the builder of a node list offers here: instructions on dtypes to compute with. */
export interface WideBody {
  node(id: NodeId): Node
  constant(value: number, dtype: DType): NodeId
  apply(op: InstructionName, args: readonly NodeId[], dtype: DType): NodeId
}

/** Their results may leave the range of 8 bits. */
const leavesRange: ReadonlySet<InstructionName> = new Set(['add', 'sub', 'mul', 'div', 'neg', 'abs', 'not', 'shiftLeft'])

/** An instruction whose operands have the storage dtype. */
export function applyStorage(b: WideBody, op: InstructionName, args: readonly NodeId[], dtype: DType): NodeId {
  const wide = computeDType(dtype)
  if (isFloat(dtype)) return b.apply(op, args, wide)
  // What comes in at the left must be zeros, or the sign of 8 bits.
  const [x, n] = args
  if (op === 'shiftRightLogical') return wrapTo(b, b.apply(op, [wrapTo(b, x as NodeId, 'uint8'), n as NodeId], wide), dtype)
  if (op === 'shiftRightArithmetic') return wrapTo(b, b.apply(op, [wrapTo(b, x as NodeId, 'int8'), n as NodeId], wide), dtype)
  const result = b.apply(op, args, wide)
  return leavesRange.has(op) ? wrapTo(b, result, dtype) : result
}

/** The lowest 8 bits of an int32; other dtypes as they are. */
export function wrapTo(b: WideBody, x: NodeId, dtype: DType): NodeId {
  if (isFloat(dtype) || bitsOf(dtype) !== 8 || dtype === 'bool') return x
  if (dtype === 'uint8') return b.apply('and', [x, b.constant(0xff, 'int32')], 'int32')
  const bits = b.constant(24, 'int32')
  return b.apply('shiftRightArithmetic', [b.apply('shiftLeft', [x, bits], 'int32'), bits], 'int32')
}

/** A conversion to a storage dtype: correctly rounded, or saturated as `castTo` says. `small`: the operand is an integer of 8 bits. */
export function castStorage(b: WideBody, x: NodeId, dtype: DType, small: boolean): NodeId {
  const from = b.node(x).dtype
  if (isHalf(dtype)) return small ? b.apply('cast', [x], 'float32') : roundToHalf(b, x, dtype)
  if (!isFloat(from)) return wrapTo(b, b.apply('cast', [x], 'int32'), dtype)
  const [low, high] = rangeOfInteger(dtype),
    whole = b.apply('cast', [x], 'int32')
  return b.apply('max', [b.apply('min', [whole, b.constant(high, 'int32')], 'int32'), b.constant(low, 'int32')], 'int32')
}

function roundToHalf(b: WideBody, x: NodeId, dtype: 'float16' | 'bfloat16'): NodeId {
  const { dtype: from } = b.node(x),
    op = dtype === 'float16' ? 'roundFloat16' : 'roundBfloat16'
  if (from === 'bool') return b.apply('cast', [x], 'float32')
  if (isFloat(from)) return b.apply('cast', [b.apply(op, [x], from)], 'float32')
  // float32 is exact up to 2^24, and what float16 makes infinite lies below.
  return b.apply(op, [dtype === 'float16' ? b.apply('cast', [x], 'float32') : toOddFloat(b, x, from)], 'float32')
}

/**
 * An integer of 32 bits as a float32 that bfloat16 rounds as the integer itself: beyond 2^24 the lowest 8 bits go, and the last one that is left tells
 * whether they were zero (rounding to odd: S. Boldo & G. Melquiond, "When double rounding is odd", 2005).
 */
function toOddFloat(b: WideBody, x: NodeId, dtype: DType): NodeId {
  const int = (v: number): NodeId => b.constant(v, dtype)
  const near = b.apply('cast', [x], 'float32'),
    isExact = b.apply('lt', [b.apply('abs', [near], 'float32'), b.constant(2 ** 24, 'float32')], 'bool')
  const rest = b.apply('ne', [b.apply('and', [x, int(0xff)], dtype), int(0)], 'bool')
  const upper = b.apply(isUnsigned(dtype) ? 'shiftRightLogical' : 'shiftRightArithmetic', [x, int(8)], dtype)
  const odd = b.apply('or', [upper, b.apply('cast', [rest], dtype)], dtype)
  const scaled = b.apply('mul', [b.apply('cast', [odd], 'float32'), b.constant(256, 'float32')], 'float32')
  return b.apply('select', [isExact, near, scaled], 'float32')
}
