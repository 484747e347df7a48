/** Reductions of many points in several Loops: results of blocks, in temporary textures, then the reduction of these. */
import { type BufferSpec, limitReductions, type Loop, readsOf, sizeOf, writesOf } from '@cotangent/core/kernel'
import { specOf } from '../runtime/store.ts'
import type { KernelContext } from './shader.ts'

/** Loops that reduce no more points than a fragment may go through, each with what it sees, in order. */
export function inBlocks(context: KernelContext, loop: Loop): readonly (readonly [KernelContext, Loop])[] {
  const { limits } = context,
    points = sizeOf(loop.extents.slice(loop.parallel)),
    reads = readsOf(loop)
  if (points <= limits.rounds || loop.bodyStores.some(s => reads.includes(s.buffer))) return [[context, loop]]
  const buffers: BufferSpec[] = [...context.buffers],
    written = new Set(writesOf(loop))
  const loops = limitReductions(loop, limits.rounds, (dtype, size) => {
    const buffer = context.temporary(specOf(dtype, size, limits.textureSize))
    buffers[buffer] = { dtype, size }
    written.add(buffer)
    return buffer
  })
  if (loops.length > 1) context.note('reduction in blocks', `${points} points, at most ${limits.rounds} at a time`)
  // Blocks and what is left after them go to one buffer.
  return loops.map(part => [{ ...context, buffers, isWritten: id => written.has(id) || context.isWritten(id) }, part])
}
