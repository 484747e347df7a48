/**
 * The numbers that differ from run to run, by slots: addresses of inputs, of outputs and of the arena, and counters of Scans that the host
 * drives. A command buffer is written once, and its words are patched from the slots that changed.
 */
import type { BufferId, KernelGraph } from '@cotangent/core/kernel'
import type { MemoryId } from '../command.ts'
import type { Emitted } from './emitted.ts'

/** The value of slot `slot` plus `offset`; `offset` alone where the slot is -1. */
export interface Place {
  readonly slot: number
  readonly offset: number
}

export class Layout {
  readonly inputs: number
  readonly outputs: number
  /** The slot of the arena's address. */
  readonly arena: number
  readonly slots: number
  private readonly graph: KernelGraph
  private readonly emitted: Emitted
  private readonly constants: ReadonlyMap<BufferId, number>
  private readonly counters: readonly BufferId[]

  /** `constants`: addresses by BufferId. */
  constructor(graph: KernelGraph, emitted: Emitted, constants: ReadonlyMap<BufferId, number>) {
    this.graph = graph
    this.emitted = emitted
    this.constants = constants
    this.inputs = graph.inputs.length
    this.outputs = graph.buffers.filter(b => b.place.kind === 'output').length
    this.arena = this.inputs + this.outputs
    this.counters = [...emitted.counters]
    this.slots = this.arena + 1 + this.counters.length
  }

  placeOf(memory: MemoryId): Place {
    const place = this.graph.buffers[memory]?.place
    switch (place?.kind) {
      case 'input':
        return { slot: place.index, offset: 0 }
      case 'output':
        return { slot: this.inputs + place.index, offset: 0 }
      case 'constant':
        return { slot: -1, offset: this.constants.get(memory) ?? 0 }
      default:
        return { slot: this.arena, offset: this.emitted.offsets.get(memory) ?? 0 }
    }
  }

  /** The slot of a known counter. */
  counterOf(counter: BufferId): number {
    return this.arena + 1 + this.counters.indexOf(counter)
  }

  isCounter(buffer: BufferId): boolean {
    return this.emitted.counters.has(buffer)
  }

  /** Must element 0 of a counter be in memory? */
  isStored(counter: BufferId): boolean {
    return this.emitted.named.has(counter) || !this.isCounter(counter)
  }
}
