/** Debug mode: each command runs by itself and is waited for, and what a kernel has written is searched for NaN. */
import { accessOf, type BufferId, type BufferSpec, isFloat, type KernelGraph } from '@cotangent/core/kernel'
import type { LeafKernel } from '../command.ts'
import { nameOf } from './compiled.ts'
import { backendError, isDriverError } from './errors.ts'
import type { Layout } from './layout.ts'
import type { Observer } from './run.ts'
import type { Session } from './session.ts'
import { readElements } from './store.ts'

/** Throws a BackendError that names the kernel that failed, or that wrote the first NaN. */
export function debugObserver(session: Session, graph: KernelGraph, layout: Layout): Observer {
  return ({ items }, values) => {
    for (const item of items) {
      if (item.kind !== 'command') continue
      try {
        session.synchronize()
      } catch (error) {
        const cause = error instanceof Error ? error.cause : undefined
        if (!isDriverError(cause)) throw error
        throw backendError(`cuda: the kernel ${nameOf(item.command)} failed: ${cause.message}.`, cause)
      }
      if (item.last) findNaN(session, graph, layout, values, item.kernel, nameOf(item.command))
    }
  }
}

/** In buffers that the kernel writes as a whole: of others, parts may hold anything. */
function findNaN(session: Session, graph: KernelGraph, layout: Layout, values: Float64Array, kernel: LeafKernel, name: string): void {
  for (const id of accessOf(kernel, graph.buffers).overwrites) {
    const { dtype, size } = graph.buffers[id] as BufferSpec
    if (!isFloat(dtype) || size === 0) continue
    const element = readElements(session, addressOf(layout, values, id), dtype, size).findIndex(Number.isNaN)
    if (element >= 0)
      throw backendError(`cuda: the kernel ${name} wrote NaN: element ${element} of ${size} (${dtype}, buffer b${id} of explain's list).`)
  }
}

function addressOf(layout: Layout, values: Float64Array, id: BufferId): number {
  const { slot, offset } = layout.placeOf(id)
  return offset + (slot < 0 ? 0 : (values[slot] as number))
}
