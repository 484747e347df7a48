/**
 * The memory plan: offsets of temporaries in one arena, so that buffers live at one time never overlap, and the inputs whose memory
 * results can take over.
 */
import { canReplace } from './access.ts'
import { type BufferId, type BufferSpec, bytesOf, type Kernel, type KernelGraph, type Placement } from './kernel.ts'
import { type Interval, type Liveness, livenessOf } from './liveness.ts'

/** A graph whose temporaries have no addresses yet. `donatable[i]`: the caller may give input i up. */
export interface UnplannedGraph {
  readonly buffers: readonly (BufferSpec & {
    readonly place: Exclude<Placement, { kind: 'temporary' }> | { readonly kind: 'temporary' }
  })[]
  readonly inputs: readonly BufferId[]
  readonly outputs: readonly BufferId[]
  readonly kernels: readonly Kernel[]
  readonly donatable: readonly boolean[]
}

const alignment = 64

export function planMemory(graph: UnplannedGraph): KernelGraph {
  const { inputs, outputs, kernels } = graph
  const liveness = livenessOf(graph)
  const slots = assignSlots(graph, liveness)
  const arena = placeSlots([...new Set(slots.values())])
  const buffers = graph.buffers.map(({ dtype, size, place }, id): KernelGraph['buffers'][number] => {
    if (place.kind !== 'temporary') return { dtype, size, place }
    const slot = slots.get(id)
    // Fusion leaves buffers behind that no kernel uses: they get no memory.
    return slot === undefined
      ? { dtype, size: 0, place: { kind: 'temporary', offset: 0 } }
      : { dtype, size, place: { kind: 'temporary', offset: slot.offset } }
  })
  return { buffers, inputs, outputs, kernels, arena, donations: planDonations(graph, liveness) }
}

/** Memory of one buffer, or of several that succeed one another in place. */
interface Slot {
  readonly first: number
  last: number
  readonly bytes: number
  /** The buffer that has it last. */
  tail: BufferId
  offset: number
}

function assignSlots(graph: UnplannedGraph, { intervals, kernels }: Liveness): Map<BufferId, Slot> {
  const slots = new Map<BufferId, Slot>()
  const used = graph.buffers.flatMap(({ place }, id) => {
    const interval = intervals[id]
    return place.kind === 'temporary' && interval !== undefined ? [{ id, interval }] : []
  })
  const dying = new Map<number, BufferId[]>()
  for (const {
    id,
    interval: { last },
  } of used)
    dying.set(last, [...(dying.get(last) ?? []), id])
  for (const { id, interval } of used.sort((a, b) => a.interval.first - b.interval.first)) {
    const { first, last } = interval,
      kernel = kernels[first]
    const donor = dying.get(first)?.find(d => slots.get(d)?.tail === d && kernel !== undefined && canReplace(kernel, d, id, graph.buffers))
    const slot = slots.get(donor ?? -1) ?? newSlot(graph.buffers[id] as BufferSpec, interval)
    slot.last = last
    slot.tail = id
    slots.set(id, slot)
  }
  return slots
}

const newSlot = ({ dtype, size }: BufferSpec, { first, last }: Interval): Slot => ({
  first,
  last,
  bytes: Math.ceil((size * bytesOf(dtype)) / alignment) * alignment,
  tail: -1,
  offset: 0,
})

/** Largest first, each into the smallest gap between the slots that live at the same time. Returns the arena's size. */
function placeSlots(slots: readonly Slot[]): number {
  const placed: Slot[] = []
  let arena = 0
  for (const slot of slots.toSorted((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    if (slot.bytes === 0) continue
    const neighbours = placed.filter(p => p.first <= slot.last && slot.first <= p.last)
    slot.offset = bestFit(
      neighbours.sort((a, b) => a.offset - b.offset),
      slot.bytes,
    )
    placed.push(slot)
    arena = Math.max(arena, slot.offset + slot.bytes)
  }
  return arena
}

function bestFit(neighbours: readonly Slot[], bytes: number): number {
  let end = 0,
    best = -1,
    smallest = Infinity
  for (const { offset, bytes: taken } of neighbours) {
    const gap = offset - end
    if (gap >= bytes && gap < smallest) {
      best = end
      smallest = gap
    }
    end = Math.max(end, offset + taken)
  }
  return best >= 0 ? best : end
}

/**
 * An input's memory can become a result's if all uses of the input come before the first use of the result, or end in the very Loop
 * that writes it in place. Results that begin early have the fewest such inputs, so they choose first.
 */
function planDonations(graph: UnplannedGraph, { intervals, kernels }: Liveness): number[] {
  const donations = graph.inputs.map(() => -1)
  const results = graph.outputs.flatMap((id, output) => {
    const interval = intervals[id]
    return graph.buffers[id]?.place.kind === 'output' && interval !== undefined ? [{ id, output, ...interval }] : []
  })
  for (const { id, output, first } of results.sort((a, b) => a.first - b.first)) {
    const kernel = kernels[first]
    const accepts = (source: BufferId): boolean => {
      const last = intervals[source]?.last ?? 0
      return last < first || (last === first && kernel !== undefined && canReplace(kernel, source, id, graph.buffers))
    }
    const donor = graph.inputs.findIndex(
      (source, i) =>
        graph.donatable[i] === true && donations[i] === -1 && sameSpec(graph.buffers[source], graph.buffers[id]) && accepts(source),
    )
    if (donor >= 0) donations[donor] = output
  }
  return donations
}

const sameSpec = (a: BufferSpec | undefined, b: BufferSpec | undefined): boolean =>
  a !== undefined && a.dtype === b?.dtype && a.size === b.size
