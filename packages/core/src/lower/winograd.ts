/** Large convolutions by Winograd's form (see winograd/rewrite.ts), for backends that want it. */
import type { Capabilities } from '../backend/backend.ts'
import { isFloat } from '../dtype.ts'
import { sizeOf } from '../shape.ts'
import type { Affine, BufferSpec, Contraction, Kernel } from './kernel.ts'
import type { Lowered } from './lower.ts'
import { mapAffines, mapNested } from './rewrite.ts'
import { type Convolution, findConvolution, uses } from './winograd/convolution.ts'
import { type Allocate, type Blocks, Rewrite } from './winograd/rewrite.ts'

/**
 * Where the form pays, measured on one core: 8x28x28x16 -> 16 takes 0.84 of the time of the direct sum, 8x28x28x24 -> 24 0.70, 28x28x128 -> 128
 * 0.52; but 8x28x28x8 -> 16 1.08, 7x7x64 -> 64 1.04, 8x8x32 -> 32 1.16.
 */
const CHANNELS = 16
const RESULTS = 128
const PRODUCTS = 1 << 20
/** The epilogue is written out for each of a tile's four results. */
const LONGEST_EPILOGUE = 32

export function convolveByTiles(lowered: Lowered, { winograd: block, contractions }: Capabilities): Lowered {
  if (block === undefined) return lowered
  const buffers: BufferSpec[] = [...lowered.buffers]
  const allocate: Allocate = (dtype, size) => buffers.push({ dtype, size }) - 1
  const pass = (kernels: readonly Kernel[]): readonly Kernel[] =>
    kernels.flatMap((k): readonly Kernel[] => {
      if (k.kind !== 'contraction') return [mapNested(k, pass)]
      const c = contractions.includes(k.dtype) ? findConvolution(k) : null
      return c !== null && pays(k, c) ? asTiles(k, block, allocate) : [k]
    })
  return { ...lowered, kernels: pass(lowered.kernels), buffers }
}

function pays(k: Contraction, c: Convolution): boolean {
  const count = (holds: (axis: number) => boolean): number => sizeOf(k.extents.filter((_, i) => !c.window.includes(i) && holds(i)))
  const images = count(i => i < k.parallel && uses(c.image, i) && !uses(c.taps, i))
  return count(i => i >= k.parallel) >= CHANNELS && count(i => i < k.parallel && !uses(c.image, i)) >= CHANNELS &&
    images >= RESULTS && sizeOf(k.extents) >= PRODUCTS
}

/** The kernels in place of a Contraction, if it is a convolution: whole tiles by Winograd's form, the last row and column of odd sizes directly. */
export function asTiles(k: Contraction, block: number, allocate: Allocate): readonly Kernel[] {
  const c = findConvolution(k)
  if (c === null || !isFloat(k.dtype) || k.epilogue.length > LONGEST_EPILOGUE || replacesInPlace(k)) return [k]
  let even = k
  const borders: Kernel[] = []
  for (const axis of c.result) {
    const n = k.extents[axis] as number
    if (n % 2 === 0) continue
    borders.push(part(even, axis, n - 1, 1))
    even = part(even, axis, 0, n - 1)
  }
  const tiled = findConvolution(even)
  if (tiled === null || sizeOf(even.extents) === 0) return [k]
  return [...new Rewrite(even, tiled, chooseBlocks(even, tiled, block), allocate).kernels(), ...borders]
}

/** A tile's results would be stored over elements that are loaded for its other results. */
const replacesInPlace = (k: Contraction): boolean => k.epilogue.some(n => n.op === 'load' && k.stores.some(s => s.buffer === n.buffer))

/** The part of a contraction with `n` indices of an axis from `start` on. */
function part(k: Contraction, axis: number, start: number, n: number): Contraction {
  const move = (a: Affine): Affine => ({ ...a, offset: a.offset + start * (a.strides[axis] as number) })
  return mapAffines(k, k.extents.map((m, i) => (i === axis ? n : m)), k.parallel, move, move)
}

/** Cuts outer axes until a block's transformed samples and sums have at most `most` elements. */
function chooseBlocks(k: Contraction, c: Convolution, most: number): Blocks {
  const lengths = k.extents.map((n, i) => (c.result.includes(i) ? n / 2 : n))
  const elements = (): number => {
    const count = (axes: readonly number[]): number => sizeOf(axes.map(i => lengths[i] as number))
    const others = lengths.map((_, i) => i).filter(i => !c.window.includes(i))
    return 16 * (count(others.filter(i => uses(c.image, i))) + count(others.filter(i => i < k.parallel)))
  }
  const cut = k.extents.map((_, i) => i).filter(i => i < k.parallel && uses(c.image, i) && !uses(c.taps, i) && i !== c.result[1])
  const counts = new Map<number, number>()
  for (const axis of cut) {
    const n = lengths[axis] as number
    const divisor = Array.from({ length: n }, (_, i) => n - i).find(d => {
      lengths[axis] = d
      return n % d === 0 && elements() <= most
    }) ?? 1
    lengths[axis] = divisor
    if (divisor < n) counts.set(axis, n / divisor)
  }
  return { lengths, counts }
}
