/** Large convolutions by Winograd's form (see winograd/kernels.ts), for backends that want it. */
import type { Capabilities } from '../backend/backend.ts'
import { isFloat } from '../dtype.ts'
import { sizeOf } from '../shape.ts'
import type { Affine, BufferSpec, Contraction, Kernel, Load } from './kernel.ts'
import type { Lowered } from './lower.ts'
import { mapAffines, mapNested } from './rewrite.ts'
import { type Convolution, findConvolution, uses } from './winograd/convolution.ts'
import { convolutionKernels, gradientKernels } from './winograd/kernels.ts'
import type { Allocate, Blocks } from './winograd/tiles.ts'

/**
 * Where the form pays, measured on one core, as parts of the direct sum's time. Convolutions: 8x28x28x16 -> 16 0.82, 8x28x28x24 -> 24 0.70,
 * 8x56x56x64 -> 64 0.57, 28x28x128 -> 128 0.51; but 8x28x28x8 -> 16 1.08, 7x7x64 -> 64 1.04, 8x8x32 -> 32 1.16. Gradients of taps: 8x28x28x24 -> 24
 * 0.87, 8x56x56x64 -> 64 0.73, 28x28x128 -> 128 0.60, 4x7x7x128 -> 128 0.88; but 8x28x28x16 -> 16 1.10, 2x15x15x32 -> 32 1.35.
 */
const CHANNELS = 16
const RESULTS = 128
const PRODUCTS = 1 << 20
/** For a gradient the least c o / (c + o) of its c and o channels, which is what the products save over what the transforms cost. */
const SHARED = { even: 12, odd: 32 }
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

function pays(k: Contraction, { image: { load, moving }, other, window, gradient }: Convolution): boolean {
  const count = (holds: (axis: number) => boolean): number => sizeOf(k.extents.filter((_, i) => !window.includes(i) && holds(i)))
  const parallel = (i: number): boolean => i < k.parallel
  const [rows, columns] = [
    [load, other],
    [other, load],
  ].map(([one, two]) => count(i => parallel(i) && uses(one as Load, i) && !uses(two as Load, i))) as [number, number]
  const reduced = count(i => !parallel(i))
  const [results, channels] = gradient ? [reduced, rows] : [rows, reduced]
  const even = moving.every(i => (k.extents[i] as number) % 2 === 0)
  if (gradient && (channels * columns) / (channels + columns) < SHARED[even ? 'even' : 'odd']) return false
  return results >= RESULTS && Math.min(channels, columns) >= CHANNELS && sizeOf(k.extents) >= PRODUCTS
}

/** The kernels in place of a Contraction, if it is a convolution or the gradient of one's taps. */
export function asTiles(k: Contraction, block: number, allocate: Allocate): readonly Kernel[] {
  const c = findConvolution(k)
  if (c === null || !isFloat(k.dtype) || k.epilogue.length > LONGEST_EPILOGUE || replacesInPlace(k) || sizeOf(k.extents) === 0) return [k]
  return c.gradient ? gradientKernels(k, c, chooseBlocks(k, c, block), allocate) : evenAndBorders(k, c, block, allocate)
}

/** Whole tiles by Winograd's form, the last row and column of odd sizes directly. */
function evenAndBorders(k: Contraction, c: Convolution, block: number, allocate: Allocate): readonly Kernel[] {
  let even = k
  const borders: Kernel[] = []
  for (const axis of c.image.moving) {
    const n = k.extents[axis] as number
    if (n % 2 === 0) continue
    borders.push(part(even, axis, n - 1, 1))
    even = part(even, axis, 0, n - 1)
  }
  const tiled = findConvolution(even)
  if (tiled === null || sizeOf(even.extents) === 0) return [k]
  return [...convolutionKernels(even, tiled, chooseBlocks(even, tiled, block), allocate), ...borders]
}

/** A tile's results would be stored over elements that are loaded for its other results. */
const replacesInPlace = (k: Contraction): boolean => k.epilogue.some(n => n.op === 'load' && k.stores.some(s => s.buffer === n.buffer))

/** The part of a contraction with `n` indices of an axis from `start` on. */
function part(k: Contraction, axis: number, start: number, n: number): Contraction {
  const move = (a: Affine): Affine => ({ ...a, offset: a.offset + start * (a.strides[axis] as number) })
  return mapAffines(
    k,
    k.extents.map((m, i) => (i === axis ? n : m)),
    k.parallel,
    move,
    move,
  )
}

/** Cuts outer axes until what a block transforms has at most `most` elements. */
function chooseBlocks(k: Contraction, { image: { load, moving }, other, window, gradient }: Convolution, most: number): Blocks {
  const lengths = k.extents.map((n, i) => (moving.includes(i) ? Math.ceil(n / 2) : n))
  const count = (holds: (axis: number) => boolean): number => sizeOf(lengths.filter((_, i) => !window.includes(i) && holds(i)))
  const elements = (): number => 16 * (count(i => uses(load, i)) + count(i => (gradient ? uses(other, i) : i < k.parallel)))
  const cut = k.extents.flatMap((_, i) =>
    uses(load, i) && uses(other, i) === gradient && i < k.parallel !== gradient && i !== moving[1] ? [i] : [],
  )
  const counts = new Map<number, number>()
  for (const axis of cut) {
    const n = lengths[axis] as number
    const divisor =
      Array.from({ length: n }, (_, i) => n - i).find(d => {
        lengths[axis] = d
        return n % d === 0 && elements() <= most
      }) ?? 1
    lengths[axis] = divisor
    if (divisor < n) counts.set(axis, n / divisor)
  }
  return { lengths, counts }
}
