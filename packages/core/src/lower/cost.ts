/**
 * What a kernel has to do at least: floating-point operations, and bytes that go between memory and processor if every element is moved once. An
 * estimate to compare kernels by and to hold against a machine's limits, as in the roofline model (Williams, Waterman, Patterson 2009).
 */
import { isFloat } from '../dtype.ts'
import { sizeOf } from '../shape.ts'
import { type Affine, type BufferId, type BufferSpec, bytesOf, type Kernel, type Load, type Node, type Store } from './kernel.ts'

export interface KernelCost {
  /** Every scalar instruction that gives a float counts as one, a multiplication and addition of a Contraction as two. */
  readonly flops: number
  readonly bytes: number
  /** False where the number of rounds depends on values: the cost is that of one. */
  readonly bounded: boolean
}

const nothing: KernelCost = { flops: 0, bytes: 0, bounded: true }
const plus = (a: KernelCost, b: KernelCost): KernelCost => ({
  flops: a.flops + b.flops,
  bytes: a.bytes + b.bytes,
  bounded: a.bounded && b.bounded,
})
const times = (n: number, { flops, bytes, bounded }: KernelCost): KernelCost => ({ flops: n * flops, bytes: n * bytes, bounded })

/** Of kernels one after another. */
export const costOfAll = (kernels: readonly Kernel[], buffers: readonly BufferSpec[]): KernelCost =>
  kernels.reduce((sum, k) => plus(sum, costOf(k, buffers)), nothing)

export function costOf(kernel: Kernel, buffers: readonly BufferSpec[]): KernelCost {
  const whole = (...ids: readonly BufferId[]): number => ids.reduce((sum, id) => sum + bytesIn(buffers[id], Infinity), 0)
  switch (kernel.kind) {
    case 'loop': {
      const { extents, body, bodyStores, reductions, epilogue, stores } = kernel
      const outer = extents.slice(0, kernel.parallel),
        points = sizeOf(extents)
      const combined = reductions.filter(r => isFloat(r.dtype)).length
      return {
        flops: points * (arithmetic(body) + combined) + sizeOf(outer) * arithmetic(epilogue),
        bytes: traffic(body, bodyStores, extents, buffers) + traffic(epilogue, stores, outer, buffers),
        bounded: true,
      }
    }
    case 'contraction': {
      const { extents, a, b, epilogue, stores } = kernel
      const outer = extents.slice(0, kernel.parallel)
      return {
        flops: 2 * sizeOf(extents) + sizeOf(outer) * arithmetic(epilogue),
        bytes: traffic([a, b], [], extents, buffers) + traffic(epilogue, stores, outer, buffers),
        bounded: true,
      }
    }
    case 'scatter': {
      const points = sizeOf(kernel.extents),
        target = buffers[kernel.buffer]
      const combines = kernel.combine !== 'set' && target !== undefined && isFloat(target.dtype)
      return {
        flops: points * (arithmetic(kernel.body) + Number(combines)),
        bytes: traffic(kernel.body, [], kernel.extents, buffers) + 2 * bytesIn(target, points),
        bounded: true,
      }
    }
    case 'sort':
      return { flops: 0, bytes: whole(...kernel.inputs, ...kernel.outputs), bounded: true }
    case 'cumulative':
      return {
        flops: isFloat(kernel.dtype) ? kernel.outer * kernel.length * kernel.inner : 0,
        bytes: whole(kernel.input, kernel.output),
        bounded: true,
      }
    case 'scan':
      return times(kernel.length, costOfAll(kernel.body, buffers))
    case 'while':
      return { ...costOfAll([...kernel.condition, ...kernel.body], buffers), bounded: false }
    case 'branch': {
      const branches = kernel.branches.map(list => costOfAll(list, buffers))
      return branches.reduce((most, c) => (c.flops + c.bytes > most.flops + most.bytes ? c : most), nothing)
    }
  }
}

const arithmetic = (nodes: readonly Node[]): number => nodes.filter(n => 'args' in n && isFloat(n.dtype)).length

/** Bytes of `elements` of a buffer, or of all if it has fewer. */
const bytesIn = (buffer: BufferSpec | undefined, elements: number): number =>
  buffer === undefined ? 0 : Math.min(buffer.size, elements) * bytesOf(buffer.dtype)

/** Each buffer once, however many loads there are of it: caches hold what neighbours share. */
function traffic(nodes: readonly Node[], stores: readonly Store[], extents: readonly number[], buffers: readonly BufferSpec[]): number {
  const read = new Map<BufferId, number>()
  for (const n of nodes) if (n.op === 'load') read.set(n.buffer, Math.max(read.get(n.buffer) ?? 0, elementsOf(n, extents)))
  const stored = stores.reduce((sum, s) => sum + bytesIn(buffers[s.buffer], pointsOf(s.map, extents)), 0)
  return [...read].reduce((sum, [id, elements]) => sum + bytesIn(buffers[id], elements), stored)
}

const elementsOf = (load: Load, extents: readonly number[]): number =>
  (load.indirect ?? []).length > 0 ? sizeOf(extents) : pointsOf(load.map, extents)

/** Points of the axes that an address depends on. */
const pointsOf = ({ strides }: Affine, extents: readonly number[]): number => sizeOf(extents.filter((_, k) => (strides[k] ?? 0) !== 0))
