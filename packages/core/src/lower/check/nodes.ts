/** Checks of node lists: dtypes, operands, addresses. */
import { computeDType, convert, type DType, isStorage } from '../../dtype.ts'
import { inDomain, instructions } from '../instructions.ts'
import type { Affine, BufferSpec, Guard, Load, Node, NodeId } from '../kernel.ts'
import { type Range, rangeOf } from './range.ts'

/** Throws, naming the kernel. */
export type Complain = (problem: string) => never

/** What checks of one kernel need to know. */
export interface Scope {
  readonly buffers: readonly BufferSpec[]
  readonly extents: readonly number[]
  /** Dtypes of the results of reductions; undefined outside an epilogue. */
  readonly reduced?: readonly DType[]
  readonly complain: Complain
}

export function checkNodes(nodes: readonly Node[], scope: Scope): void {
  nodes.forEach((node, id) => {
    const inner: Scope = { ...scope, complain: problem => scope.complain(`node ${id} (${node.op}): ${problem}`) }
    checkNode(node, id, nodes, inner)
  })
}

function checkNode(node: Node, id: NodeId, nodes: readonly Node[], scope: Scope): void {
  const { complain } = scope
  if (isStorage(node.dtype)) complain(`${node.dtype} is a dtype of buffers, not of nodes`)
  switch (node.op) {
    case 'load':
      return checkLoad(node, nodes.slice(0, id), scope)
    case 'const':
      if (!Object.is(convert(node.value, node.dtype), node.value)) complain(`${node.value} is no ${node.dtype}`)
      return
    case 'iota':
      if (node.dtype === 'bool') complain('an iota is a number')
      return checkMap(node.map, scope)
    case 'inside':
      return checkGuards(node.guards, scope)
    case 'reduced': {
      const dtype = scope.reduced?.[node.index]
      if (dtype === undefined) return complain(`there is no reduction ${node.index} here`)
      if (dtype !== node.dtype) complain(`reduction ${node.index} is ${dtype}, not ${node.dtype}`)
      return
    }
    default:
      return checkInstruction(node, nodes.slice(0, id), complain)
  }
}

function checkInstruction(
  { op, args, dtype }: Extract<Node, { args: readonly NodeId[] }>,
  earlier: readonly Node[],
  complain: Complain,
): void {
  const { arity, domain, result } = instructions[op]
  if (args.length !== arity) complain(`takes ${arity} operands, got ${args.length}`)
  const dtypes = args.map(a => earlier[a]?.dtype ?? complain(`operand ${a} is not an earlier node`))
  const same = op === 'select' ? dtypes.slice(1) : dtypes,
    from = same[0] as DType
  if (op === 'select' && dtypes[0] !== 'bool') complain(`the predicate is ${dtypes[0]}, not bool`)
  if (same.some(d => d !== from)) complain(`operands have dtypes ${dtypes.join(', ')}`)
  if (!inDomain(domain, from)) complain(`does not take ${from}`)
  if (result === 'same' && dtype !== from) complain(`gives ${from}, not ${dtype}`)
  if (result === 'bool' && dtype !== 'bool') complain(`gives bool, not ${dtype}`)
  if (op === 'bitcast' && [from, dtype].some(d => d === 'bool' || d === 'float64')) complain(`does not take ${from} to ${dtype}`)
}

/** `earlier`: the nodes that indirect terms may name. */
export function checkLoad(load: Load, earlier: readonly Node[], scope: Scope): void {
  const { buffers, complain, extents } = scope
  const { buffer, dtype, map, guards = [], indirect = [] } = load
  const spec = buffers[buffer] ?? complain(`there is no buffer b${buffer}`)
  if (computeDType(spec.dtype) !== dtype) complain(`b${buffer} is ${spec.dtype}, not ${dtype}`)
  checkMap(map, scope)
  checkGuards(guards, scope)
  checkIndirect(indirect, earlier, complain)
  if (isDynamic(map) || indirect.length > 0 || extents.includes(0)) return
  const range = rangeOf(map, extents, guards)
  if (range !== undefined && range.exact) checkRange(range, buffer, spec, complain)
}

export function checkIndirect(indirect: NonNullable<Load['indirect']>, earlier: readonly Node[], complain: Complain): void {
  for (const { index } of indirect) {
    const dtype = earlier[index]?.dtype ?? complain(`index ${index} is not an earlier node`)
    if (dtype !== 'int32') complain(`index ${index} is ${dtype}, not int32`)
  }
}

export function checkRange({ min, max }: Range, buffer: number, { size }: BufferSpec, complain: Complain): void {
  if (min < 0 || max >= size) complain(`elements ${min} to ${max} of b${buffer}, which has ${size}`)
}

export const isDynamic = (map: Affine): boolean => (map.dynamic ?? []).length > 0

/** A stride for each axis, all integers, dynamic terms int32. */
export function checkMap({ offset, strides, dynamic = [] }: Affine, { buffers, extents, complain }: Scope): void {
  if (strides.length !== extents.length) complain(`${strides.length} strides for ${extents.length} axes`)
  if (![offset, ...strides, ...dynamic.map(d => d.stride)].every(Number.isSafeInteger)) complain('an offset or stride is not an integer')
  for (const { buffer } of dynamic) {
    const spec = buffers[buffer] ?? complain(`there is no buffer b${buffer}`)
    if (spec.dtype !== 'int32' || spec.size < 1) complain(`dynamic term b${buffer} is ${spec.dtype} of ${spec.size}, not an int32`)
  }
}

function checkGuards(guards: readonly Guard[], scope: Scope): void {
  for (const { index } of guards) checkMap(index, scope)
}
