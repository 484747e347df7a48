/**
 * Loops that read more buffers than one pass may sample: parts of their expressions are computed by Loops of their own into temporary
 * textures, until each reads few enough.
 */
import {
  type BufferId,
  type BufferSpec,
  type Loop,
  type Node,
  type NodeId,
  operandsOf,
  readsOf,
  sizeOf,
  stridesOf,
} from '@cotangent/core/kernel'
import type { EmitContext } from '../pass.ts'
import { specOf } from '../runtime/store.ts'

export interface Spilled {
  /** Knows the temporaries' sizes. */
  readonly context: EmitContext
  /** Fill the temporaries, in order. */
  readonly before: readonly Loop[]
  readonly loop: Loop
}

/** For each node the buffers that it and its operands read. */
export type Reach = readonly ReadonlySet<BufferId>[]

export function reachOf(nodes: readonly Node[], ofReductions: Reach = []): Reach {
  const reach: Set<BufferId>[] = []
  for (const node of nodes) {
    const own = node.op === 'reduced' ? (ofReductions[node.index] ?? []) : readsOf(elementwise([], [node]))
    reach.push(new Set([...own, ...operandsOf(node).flatMap(a => [...(reach[a] ?? [])])]))
  }
  return reach
}

/** By reduction. */
export function reachOfReductions({ reductions }: Loop, body: Reach): Reach {
  return reductions.map(r => new Set([r.value, ...(r.index === undefined ? [] : [r.index])].flatMap(id => [...(body[id] ?? [])])))
}

const elementwise = (extents: readonly number[], epilogue: readonly Node[]): Loop => ({
  kind: 'loop',
  extents,
  parallel: extents.length,
  body: [],
  bodyStores: [],
  reductions: [],
  epilogue,
  stores: [],
})

/** `most`: buffers that a value may read. */
export function spill(context: EmitContext, loop: Loop, most: number): Spilled {
  if (new Set(readsOf(loop)).size <= most) return { context, before: [], loop }
  return new Spiller(context, most).loop(loop)
}

class Spiller {
  private readonly context: EmitContext
  private readonly most: number
  private readonly buffers: BufferSpec[]
  private readonly before: Loop[] = []

  constructor(context: EmitContext, most: number) {
    this.context = context
    this.most = most
    this.buffers = [...context.buffers]
  }

  loop(loop: Loop): Spilled {
    const body = this.list(loop.body, [], (nodes, value) => this.fill(elementwise(loop.extents, nodes), value))
    const cut = { ...loop, body }
    const epilogue = this.list(loop.epilogue, reachOfReductions(cut, reachOf(body)), (nodes, value) =>
      this.fill({ ...cut, bodyStores: [], epilogue: nodes }, value),
    )
    return { context: { ...this.context, buffers: this.buffers }, before: this.before, loop: { ...cut, epilogue } }
  }

  /** The nodes with loads of temporaries in place of some. */
  private list(given: readonly Node[], ofReductions: Reach, fill: (nodes: readonly Node[], value: NodeId) => Node): readonly Node[] {
    const nodes = [...given]
    for (let id = 0; id < nodes.length; id++) {
      for (;;) {
        const reach = reachOf(nodes.slice(0, id + 1), ofReductions)
        if ((reach[id] as ReadonlySet<BufferId>).size <= this.most) break
        const widest = operandsOf(nodes[id] as Node).toSorted((a, b) => sizeIn(reach, b) - sizeIn(reach, a))[0]
        if (widest === undefined || sizeIn(reach, widest) < 2) break
        nodes[widest] = fill(nodes.slice(0, id), widest)
      }
    }
    return nodes
  }

  /** Lets `loop` compute node `value` of its epilogue into a temporary, and gives the load of it. */
  private fill(loop: Loop, value: NodeId): Node {
    const extents = loop.extents.slice(0, loop.parallel),
      size = sizeOf(extents),
      { dtype } = loop.epilogue[value] as Node
    const buffer = this.context.temporary(specOf(dtype, size, this.context.limits.textureSize))
    this.buffers[buffer] = { dtype, size }
    const map = { offset: 0, strides: stridesOf(extents) }
    this.before.push({ ...loop, stores: [{ buffer, map, value }] })
    return { op: 'load', buffer, dtype, map }
  }
}

const sizeIn = (reach: Reach, id: NodeId): number => reach[id]?.size ?? 0
