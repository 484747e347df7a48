/**
 * Winograd's form of convolutions makes each tile of the result, m x m' long, by few products:
 *
 *   Y = A^T ((G g G'^T) . (B^T d B')) A'     for the taps g and the samples d that the tile touches,
 *
 * summed over channels before the outer transform; the matrices are those of F(m, r) along one axis and of F(m', r') along the other. F(2x2,
 * 3x3) takes 16 products instead of 36, F(4x4, 3x3) 36 instead of 144. The gradient of the taps is, by transposition and summed over tiles,
 *
 *   G^T ((A y A'^T) . (B^T d B')) G'         for the cotangents y of a tile.
 *
 * Where an operand is infinite or NaN all results of the tiles that touch it may be NaN: transforms subtract, and multiply by zeros.
 * Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015.
 */
import type { Affine, Contraction, Guard, Kernel } from '../kernel.ts'
import { uses } from '../operands.ts'
import type { Convolution, Pair } from './convolution.ts'
import { type Form, type Matrix, transpose } from './cook-toom.ts'
import { type Allocate, type Blocks, type Matrices, type Sums, Tiles, type Tiling } from './tiles.ts'

const along = ({ forms: [y, x] }: Tiling, matrix: (f: Form) => Matrix): Matrices => [matrix(y), matrix(x)]

/** Axes but for the window's: all, and those of each operand and of the result in the order in which they lie in memory. */
function axesOf(
  k: Contraction,
  { image: { load }, other, window }: Convolution,
): Record<'all' | 'image' | 'other' | 'sum', readonly number[]> {
  const all = k.extents.map((_, i) => i).filter(i => !window.includes(i))
  const inMemory = (axes: readonly number[], { strides }: Affine): readonly number[] =>
    axes.toSorted((i, j) => Math.abs(strides[j] ?? 0) - Math.abs(strides[i] ?? 0))
  return {
    all,
    image: inMemory(
      all.filter(i => uses(load, i)),
      load.map,
    ),
    other: inMemory(
      all.filter(i => uses(other, i)),
      other.map,
    ),
    sum: inMemory(
      all.filter(i => i < k.parallel),
      k.stores[0]?.map ?? { offset: 0, strides: [] },
    ),
  }
}

/** A part of a Contraction that is walked in tiles of one size. */
export interface Region {
  readonly k: Contraction
  readonly c: Convolution
  readonly tiling: Tiling
  readonly blocks: Blocks
}

/** For a convolution whose result has whole tiles. */
export function convolutionKernels({ k, c, tiling, blocks }: Region, allocate: Allocate): readonly Kernel[] {
  const tiles = new Tiles(k, tiling, blocks, allocate)
  const { all, image, other, sum } = axesOf(k, c)
  const [samples, taps, sums] = [tiles.transformed(image), tiles.transformed(other), tiles.transformed(sum)]
  const ofSamples = along(tiling, f => f.ofSamples)
  return [
    tiles.transform(
      c.other,
      along(tiling, f => f.ofTaps),
      c.window,
      taps,
    ),
    ...tiles.forIndependentBlocks([
      tiles.transform(c.image.load, ofSamples, c.window, samples),
      tiles.multiply(all, samples, taps, sums, false),
      tiles.results([{ matrices: along(tiling, f => f.ofResults), from: sums }], c.image.moving),
    ]),
  ]
}

/** For the gradient of a convolution's taps, which is the sum of those of its regions. */
export function gradientKernels(regions: readonly Region[], allocate: Allocate): readonly Kernel[] {
  const parts = regions.map(r => gradientSums(r, allocate))
  const [{ tiles, window }] = parts as [(typeof parts)[number]]
  return [...parts.flatMap(p => p.kernels), tiles.results(parts, window)]
}

/** The sums of products of one region. The last tiles are filled up with zeros. */
function gradientSums(
  { k, c, tiling, blocks }: Region,
  allocate: Allocate,
): Sums & { readonly tiles: Tiles; readonly kernels: readonly Kernel[]; readonly window: Pair } {
  const tiles = new Tiles(k, tiling, blocks, allocate)
  const { all, image, other, sum } = axesOf(k, c)
  const [samples, cotangents, from] = [tiles.transformed(image), tiles.transformed(other), tiles.transformed(sum)]
  const { onSamples, onCotangents } = edges(k, c, tiling)
  const [ofSamples, ofCotangents] = [along(tiling, f => f.ofSamples), along(tiling, f => transpose(f.ofResults))]
  const kernels = [
    tiles.zeros(from),
    ...tiles.forBlocks([
      tiles.transform(c.image.load, ofSamples, c.window, samples, onSamples),
      tiles.transform(c.other, ofCotangents, c.image.moving, cotangents, onCotangents),
      tiles.multiply(all, samples, cotangents, from, true),
    ]),
  ]
  return { tiles, kernels, window: c.window, matrices: along(tiling, f => transpose(f.ofTaps)), from }
}

/** Guards where the last tiles reach beyond the end. */
function edges(k: Contraction, c: Convolution, tiling: Tiling): Record<'onSamples' | 'onCotangents', readonly Guard[]> {
  const index = (...axes: readonly number[]): Affine => ({ offset: 0, strides: k.extents.map((_, i) => (axes.includes(i) ? 1 : 0)) })
  const ragged = c.image.moving.flatMap((axis, i) => {
    const extent = k.extents[axis] as number,
      window = c.window[i] as number
    return extent % (tiling.steps[i] as number) === 0 ? [] : [{ axis, window, extent, taps: k.extents[window] as number }]
  })
  return {
    // Samples are read at places along the window's axis, so beyond the taps too.
    onSamples: ragged.map(({ axis, window, extent, taps }) => ({ index: index(axis, window), extent: extent + taps - 1 })),
    onCotangents: ragged.map(({ axis, extent }) => ({ index: index(axis), extent })),
  }
}
