/** Which buffers of a graph may be the same memory: temporaries share the arena, and a donated input shares with the output that takes it over. */
import { type BufferId, bytesOf, type KernelGraph } from '@cotangent/core/kernel'

export type MayOverlap = (a: BufferId, b: BufferId) => boolean

export function aliasing(graph: KernelGraph): MayOverlap {
  /** A space, and the bytes taken there. */
  const places = graph.buffers.map(({ dtype, size, place }, id) => {
    const bytes = size * bytesOf(dtype)
    switch (place.kind) {
      case 'temporary':
        return { space: 'arena', begin: place.offset, end: place.offset + bytes }
      case 'output': {
        const donor = graph.donations.indexOf(place.index)
        return { space: donor < 0 ? id : (graph.inputs[donor] as BufferId), begin: 0, end: bytes }
      }
      // Two inputs may be one buffer of the caller, but then neither is written.
      case 'input':
      case 'constant':
        return { space: id, begin: 0, end: bytes }
    }
  })
  return (a, b) => {
    const p = places[a],
      q = places[b]
    return p !== undefined && q !== undefined && p.space === q.space && p.begin < q.end && q.begin < p.end
  }
}
