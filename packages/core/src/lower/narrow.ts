/** Values and stores of storage dtypes: buffers for kernels that work in place, and rounding that a store does anyway. */
import { aval } from '../aval.ts'
import { computeDType, isStorage, type DType } from '../dtype.ts'
import { roundHalf } from '../half.ts'
import type { BufferSpec, Kernel, Node, NodeId, Store } from './kernel.ts'
import type { Lowered } from './lower.ts'
import type { Lowering, Value } from './lowering.ts'
import { isNest, mapNested, prune } from './rewrite.ts'

/** The value in the dtype that kernels compute with: what Scatter, Sort and Cumulative work on, so that they accumulate without rounding. */
export function widened(l: Lowering, value: Value): Value {
  const { shape, dtype } = value.aval
  return convertedTo(l, value, aval(shape, computeDType(dtype)))
}

/** The value as a result of type `out`. */
export function narrowed(l: Lowering, value: Value, out: Value['aval']): Value {
  return convertedTo(l, value, out)
}

const convertedTo = (l: Lowering, value: Value, to: Value['aval']): Value =>
  value.aval.dtype === to.dtype ? value : l.elementwise(to, [value], (b, [x]) => b.apply('cast', [x as NodeId], to.dtype), 0)

/** Stores round and wrap: what rounds or wraps a value that is only stored goes, and what rounds a value that was stored. */
export function dropRounding(lowered: Lowered): Lowered {
  if (!lowered.buffers.some(b => isStorage(b.dtype))) return lowered
  const pass = (kernels: readonly Kernel[]): readonly Kernel[] =>
    kernels.map(k => (isNest(k) ? storeRaw(k, lowered.buffers) : mapNested(k, pass)))
  return { ...lowered, kernels: pass(lowered.kernels) }
}

function storeRaw<K extends Extract<Kernel, { readonly stores: unknown }>>(given: K, buffers: readonly BufferSpec[]): K {
  const k = { ...given, epilogue: withoutIdle(given.epilogue, buffers), ...('body' in given && { body: withoutIdle(given.body, buffers) }) }
  const raw = (stores: readonly Store[], nodes: readonly Node[]): Store[] =>
    stores.map(s => ({ ...s, value: unrounded(nodes, s.value, buffers[s.buffer]?.dtype) }))
  const stores = raw(k.stores, k.epilogue),
    { nodes: epilogue, to } = prune(
      k.epilogue,
      stores.map(s => s.value),
    )
  const shared = { ...k, epilogue, stores: stores.map(s => ({ ...s, value: to(s.value) })) }
  if (shared.kind === 'contraction') return shared
  const bodyStores = raw(shared.bodyStores, shared.body),
    body = prune(shared.body, [
      ...bodyStores.map(s => s.value),
      ...shared.reductions.flatMap(r => (r.index === undefined ? [r.value] : [r.value, r.index])),
    ])
  return {
    ...shared,
    body: body.nodes,
    bodyStores: bodyStores.map(s => ({ ...s, value: body.to(s.value) })),
    reductions: shared.reductions.map(r => ({ ...r, value: body.to(r.value), ...(r.index !== undefined && { index: body.to(r.index) }) })),
  }
}

const rounded = { roundFloat16: 'float16', roundBfloat16: 'bfloat16' } as const

/** Takes the operand itself in place of its rounding, where that changes nothing: of loads from buffers of the dtype, and of constants. */
function withoutIdle(nodes: readonly Node[], buffers: readonly BufferSpec[]): readonly Node[] {
  const heldBy = (id: NodeId): NodeId => {
    const node = nodes[id] as Node
    if (node.op !== 'roundFloat16' && node.op !== 'roundBfloat16') return id
    const dtype = rounded[node.op],
      [at] = node.args as readonly [NodeId],
      x = nodes[at] as Node
    const isHeld = x.op === 'load' ? buffers[x.buffer]?.dtype === dtype : x.op === 'const' && Object.is(roundHalf(x.value, dtype), x.value)
    return isHeld ? at : id
  }
  return nodes.map(n => ('args' in n ? { ...n, args: n.args.map(heldBy) } : n))
}

/** The node that a rounding to the buffer's dtype rounds, the node itself if it is none. */
function unrounded(nodes: readonly Node[], id: NodeId, dtype: DType | undefined): NodeId {
  const node = nodes[id] as Node
  const isOf = (n: Node | undefined, op: Node['op']): n is Extract<Node, { args: readonly NodeId[] }> => n !== undefined && n.op === op
  const isConstant = (at: NodeId | undefined, value: number): boolean => {
    const n = at === undefined ? undefined : nodes[at]
    return n?.op === 'const' && n.value === value
  }
  if ((dtype === 'float16' && isOf(node, 'roundFloat16')) || (dtype === 'bfloat16' && isOf(node, 'roundBfloat16')))
    return node.args[0] as NodeId
  if (dtype === 'uint8' && isOf(node, 'and') && isConstant(node.args[1], 0xff)) return node.args[0] as NodeId
  if (dtype === 'int8' && isOf(node, 'shiftRightArithmetic') && isConstant(node.args[1], 24)) {
    const inner = nodes[node.args[0] as NodeId]
    if (isOf(inner, 'shiftLeft') && isConstant(inner.args[1], 24)) return inner.args[0] as NodeId
  }
  return id
}
