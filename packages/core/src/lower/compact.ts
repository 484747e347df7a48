/** Drops buffers that no kernel uses any more and numbers the rest anew. */
import type { Affine, BufferId, Kernel, Load, Node, Store } from './kernel.ts'
import type { Lowered } from './lower.ts'
import { mapNested, readsOf, writesOf } from './rewrite.ts'

export function compact(lowered: Lowered): Lowered {
  const used = new Set<BufferId>([...lowered.inputs, ...lowered.outputs, ...lowered.kernels.flatMap(k => [...readsOf(k), ...writesOf(k)])])
  if (used.size === lowered.buffers.length) return lowered
  const ids = new Map<BufferId, BufferId>([...used].sort((a, b) => a - b).map((old, id) => [old, id]))
  const to = (b: BufferId): BufferId => ids.get(b) as BufferId
  return {
    buffers: lowered.buffers.filter((_, b) => used.has(b)),
    inputs: lowered.inputs.map(to),
    outputs: lowered.outputs.map(to),
    kernels: lowered.kernels.map(k => renumberKernel(k, to)),
  }
}

type Renumber = (b: BufferId) => BufferId

const affine = (a: Affine, to: Renumber): Affine =>
  a.dynamic === undefined ? a : { ...a, dynamic: a.dynamic.map(d => ({ ...d, buffer: to(d.buffer) })) }

function renumberLoad(n: Load, to: Renumber): Load {
  const guards = n.guards?.map(g => ({ ...g, index: affine(g.index, to) }))
  return { ...n, buffer: to(n.buffer), map: affine(n.map, to), ...(guards !== undefined && { guards }) }
}
function renumberNode(n: Node, to: Renumber): Node {
  switch (n.op) {
    case 'load':
      return renumberLoad(n, to)
    case 'iota':
      return { ...n, map: affine(n.map, to) }
    case 'inside':
      return { ...n, guards: n.guards.map(g => ({ ...g, index: affine(g.index, to) })) }
    default:
      return n
  }
}

function renumberKernel(k: Kernel, to: Renumber): Kernel {
  const nodes = (list: readonly Node[]): readonly Node[] => list.map(n => renumberNode(n, to))
  const stores = (list: readonly Store[]): readonly Store[] => list.map(s => ({ ...s, buffer: to(s.buffer), map: affine(s.map, to) }))
  switch (k.kind) {
    case 'loop':
      return { ...k, body: nodes(k.body), bodyStores: stores(k.bodyStores), epilogue: nodes(k.epilogue), stores: stores(k.stores) }
    case 'contraction':
      return { ...k, a: renumberLoad(k.a, to), b: renumberLoad(k.b, to), epilogue: nodes(k.epilogue), stores: stores(k.stores) }
    case 'scatter':
      return { ...k, body: nodes(k.body), buffer: to(k.buffer), map: affine(k.map, to) }
    case 'sort':
      return { ...k, inputs: k.inputs.map(to), outputs: k.outputs.map(to) }
    case 'cumulative':
      return { ...k, input: to(k.input), output: to(k.output) }
    case 'while':
      return mapNested({ ...k, predicate: to(k.predicate) }, list => list.map(x => renumberKernel(x, to)))
    case 'scan':
      return mapNested({ ...k, counter: to(k.counter) }, list => list.map(x => renumberKernel(x, to)))
    case 'branch':
      return mapNested({ ...k, index: to(k.index) }, list => list.map(x => renumberKernel(x, to)))
  }
}
