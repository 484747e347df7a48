/** The function of a launch under construction: its arguments, and what it does first. */
import {
  type BufferId,
  canReplace,
  invariant,
  type Kernel,
  type Node,
  type NodeId,
  operandsOf,
  readsOf,
  writesOf,
} from '@cotangent/core/kernel'
import type { AddressScope, IndexType } from '../language/address.ts'
import type { Argument, Dimensions, EmitContext, Launch, MemoryId } from '../command.ts'

export class Writer {
  readonly context: EmitContext
  /** Type of addresses and of indices of points. */
  readonly type: IndexType
  private readonly written: ReadonlySet<MemoryId>
  private readonly names = new Map<MemoryId, string>()
  private readonly scalars = new Map<BufferId, string>()
  private readonly parameters: Argument[] = []
  private readonly prologue: string[] = []

  /** `written`: the memories that the function stores to, and those that may share memory with them. */
  constructor(context: EmitContext, type: IndexType, written: ReadonlySet<MemoryId>) {
    this.context = context
    this.type = type
    this.written = written
  }

  /** The pointer to a memory. */
  memory(id: MemoryId): string {
    const known = this.names.get(id)
    if (known !== undefined) return known
    const name = `p${this.names.size}`
    this.declare(id, name)
    this.parameters.push({ name, memory: id, access: this.written.has(id) ? 'write' : 'read' })
    return name
  }

  /** Names a memory that only this function uses: its statements declare it. */
  declare(id: MemoryId, name: string): void {
    this.names.set(id, name)
  }

  /** Element 0 of an int32 buffer, read once. */
  scalar(buffer: BufferId): string {
    const known = this.scalars.get(buffer)
    if (known !== undefined) return known
    const name = `d${this.scalars.size}`
    this.scalars.set(buffer, name)
    if (this.context.isCounter(buffer)) this.parameters.push({ name, counter: buffer })
    else this.prologue.push(`const int ${name} = ${this.memory(buffer)}[0];`)
    return name
  }

  /** A size that the text should not contain, of the type of indices. */
  size(name: string, value: number): string {
    invariant(!this.parameters.some(p => p.name === name), `cuda: two arguments are named ${name}`)
    this.parameters.push({ name, type: this.type, value })
    return name
  }

  scope(indices: readonly string[]): AddressScope {
    return { indices, type: this.type, dynamic: buffer => this.scalar(buffer) }
  }

  launch(name: string, statements: readonly string[], blocks: Dimensions, threads: Dimensions): Launch {
    return { kind: 'launch', name, arguments: this.parameters, body: [...this.prologue, ...statements].join('\n'), blocks, threads }
  }
}

/**
 * Memories that the functions of a kernel must not take for read-only: those it writes, and those whose memory the plan may give to one that
 * it writes, so that a thread stores over what it has loaded. Where what is stored depends on the load the order of the two is certain, and the
 * source may be read-only all the same: then loads of later points need not wait for the store.
 */
export function writtenBy(kernel: Kernel, context: EmitContext): ReadonlySet<MemoryId> {
  const written = new Set<MemoryId>(writesOf(kernel))
  if (kernel.kind !== 'loop') return written
  const stores = [
    ...kernel.bodyStores.map(s => ({ ...s, nodes: kernel.body })),
    ...kernel.stores.map(s => ({ ...s, nodes: kernel.epilogue })),
  ]
  const sources = new Set(readsOf(kernel))
  for (const { buffer, value, nodes } of stores) {
    const needed = neededBy(nodes, value)
    for (const source of sources) {
      const ordered = nodes.every((n, id) => n.op !== 'load' || n.buffer !== source || needed.has(id))
      if (!ordered && canReplace(kernel, source, buffer, context.buffers)) written.add(source)
    }
  }
  return written
}

/** The nodes that a value follows from, with its own. */
function neededBy(nodes: readonly Node[], value: NodeId): ReadonlySet<NodeId> {
  const needed = new Set<NodeId>(),
    left = [value]
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (needed.has(id)) continue
    needed.add(id)
    left.push(...operandsOf(nodes[id] as Node))
  }
  return needed
}
