/** Large convolutions by Winograd's form (see winograd/kernels.ts), for backends that want it. */
import type { Capabilities } from '../backend/backend.ts'
import { isFloat } from '../dtype.ts'
import { sizeOf } from '../shape.ts'
import type { BufferSpec, Contraction, Kernel, Load } from './kernel.ts'
import type { Lowered } from './lower.ts'
import { mapNested, partOf } from './rewrite.ts'
import { type Convolution, findConvolution } from './winograd/convolution.ts'
import { convolutionKernels, gradientKernels, type Region } from './winograd/kernels.ts'
import { splitPhases } from './winograd/phases.ts'
import { chooseBlocks, type Plan, planTiles, type Segment, tilingOf } from './winograd/plan.ts'
import type { Allocate } from './winograd/tiles.ts'

/** The form is taken where its estimated cost is at most this part of the direct sum's, and the sum is large enough to matter. */
const WORTHWHILE = 0.85
const LEAST_WORK = 1 << 20
/** Cost of copying one sample, in multiply-adds of the direct sum. */
const COPY = 30
/** The epilogue is written out for each of a tile's results. */
const LONGEST_EPILOGUE = 32

/** All Contractions for which it pays in Winograd's form, if the backend wants it. */
export function convolveByTiles(lowered: Lowered, { winograd: block, contractions }: Capabilities): Lowered {
  if (block === undefined) return lowered
  const buffers: BufferSpec[] = [...lowered.buffers]
  const allocate: Allocate = (dtype, size) => buffers.push({ dtype, size }) - 1
  const pass = (kernels: readonly Kernel[]): readonly Kernel[] =>
    kernels.flatMap((k): readonly Kernel[] => {
      if (k.kind !== 'contraction') return [mapNested(k, pass)]
      return contractions.includes(k.dtype) && sizeOf(k.extents) >= LEAST_WORK ? asTiles(k, block, allocate, WORTHWHILE) : [k]
    })
  return { ...lowered, kernels: pass(lowered.kernels), buffers }
}

/** The kernels in place of a Contraction, if it is a convolution or the gradient of one's taps, and they cost at most a part `most` of it. */
export function asTiles(k: Contraction, block: number, allocate: Allocate, most = Number.POSITIVE_INFINITY): readonly Kernel[] {
  if (!isFloat(k.dtype) || k.epilogue.length > LONGEST_EPILOGUE || replacesInPlace(k) || sizeOf(k.extents) === 0) return [k]
  const c = findConvolution(k)
  if (c === null) return inPhases(k, block, allocate, most)
  const plan = planTiles(k, c)
  if (plan === null || plan.cost > most) return [k]
  return c.gradient ? gradient(k, c, plan, block, allocate) : regions(k, c, plan, block, allocate)
}

/** A convolution with strides by its phases. */
function inPhases(k: Contraction, block: number, allocate: Allocate, most: number): readonly Kernel[] {
  const phases = splitPhases(k, allocate)
  if (phases === null) return [k]
  const { before, convolution, after } = phases
  const allowed = (most * sizeOf(k.extents) - COPY * sizeOf(before.extents)) / sizeOf(convolution.extents)
  const kernels = asTiles(convolution, block, allocate, allowed)
  return kernels[0] === convolution ? [k] : [before, ...kernels, ...after]
}

function gradient(k: Contraction, c: Convolution, { cuts: [ys, xs] }: Plan, block: number, allocate: Allocate): readonly Kernel[] {
  const parts = ys.flatMap(y => xs.map(x => regionOf(k, c, y, x, block)))
  return gradientKernels(parts, allocate)
}

/** Each rectangle of tiles of one size by Winograd's form, what is not tiled directly. */
function regions(k: Contraction, c: Convolution, { cuts: [ys, xs] }: Plan, block: number, allocate: Allocate): readonly Kernel[] {
  return ys.flatMap(y => {
    if (y.step === 1) return [part(k, c.image.moving[0], y)]
    return xs.flatMap(x =>
      x.step === 1
        ? [part(part(k, c.image.moving[0], y), c.image.moving[1], x)]
        : convolutionKernels(regionOf(k, c, y, x, block), allocate),
    )
  })
}

function regionOf(
  whole: Contraction,
  { image: { load, moving }, other, window, gradient }: Convolution,
  y: Segment,
  x: Segment,
  block: number,
): Region {
  const k = part(part(whole, moving[0], y), moving[1], x)
  const here = (operand: Load): Load => (operand === whole.a ? k.a : k.b)
  const c: Convolution = { image: { load: here(load), moving }, other: here(other), window, gradient }
  const tiling = tilingOf(k, c, [y.step, x.step])
  return { k, c, tiling, blocks: chooseBlocks(k, c, tiling, block) }
}

/** A tile's results would be stored over elements that are loaded for its other results. */
const replacesInPlace = (k: Contraction): boolean => k.epilogue.some(n => n.op === 'load' && k.stores.some(s => s.buffer === n.buffer))

/** The part of a contraction along an axis; the last tile may reach beyond its end. */
function part(k: Contraction, axis: number, { start, tiles, step }: Segment): Contraction {
  return partOf(k, axis, start, Math.min((k.extents[axis] as number) - start, tiles * step))
}
