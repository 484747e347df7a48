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
 * Where an operand is infinite the result is NaN.
 * Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015.
 */
import type { Affine, Contraction, Guard, Kernel } from '../kernel.ts'
import { type Convolution, uses } from './convolution.ts'
import { type Form, type Matrix, transpose } from './cook-toom.ts'
import { type Allocate, type Blocks, type Matrices, Tiles, type Tiling } from './tiles.ts'

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

/** For a convolution whose result has whole tiles. */
export function convolutionKernels(k: Contraction, c: Convolution, tiling: Tiling, blocks: Blocks, allocate: Allocate): readonly Kernel[] {
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
    ...tiles.forBlocks([
      tiles.transform(c.image.load, ofSamples, c.window, samples),
      tiles.multiply(all, samples, taps, sums, false),
      tiles.results(
        along(tiling, f => f.ofResults),
        c.image.moving,
        sums,
      ),
    ]),
  ]
}

/** For the gradient of a convolution's taps. The last tiles are filled up with zeros. */
export function gradientKernels(k: Contraction, c: Convolution, tiling: Tiling, blocks: Blocks, allocate: Allocate): readonly Kernel[] {
  const tiles = new Tiles(k, tiling, blocks, allocate)
  const { all, image, other, sum } = axesOf(k, c)
  const [samples, cotangents, sums] = [tiles.transformed(image), tiles.transformed(other), tiles.transformed(sum)]
  const index = (...axes: readonly number[]): Affine => ({ offset: 0, strides: k.extents.map((_, i) => (axes.includes(i) ? 1 : 0)) })
  const ragged = c.image.moving.flatMap((axis, i) => {
    const extent = k.extents[axis] as number,
      window = c.window[i] as number
    return extent % (tiling.steps[i] as number) === 0 ? [] : [{ axis, window, extent, taps: k.extents[window] as number }]
  })
  // Samples are read at places along the window's axis, so beyond the taps too.
  const onSamples = ragged.map(({ axis, window, extent, taps }): Guard => ({ index: index(axis, window), extent: extent + taps - 1 }))
  const onCotangents = ragged.map(({ axis, extent }): Guard => ({ index: index(axis), extent }))
  const [ofSamples, ofCotangents] = [along(tiling, f => f.ofSamples), along(tiling, f => transpose(f.ofResults))]
  return [
    tiles.zeros(sums),
    ...tiles.forBlocks([
      tiles.transform(c.image.load, ofSamples, c.window, samples, onSamples),
      tiles.transform(c.other, ofCotangents, c.image.moving, cotangents, onCotangents),
      tiles.multiply(all, samples, cotangents, sums, true),
    ]),
    tiles.results(
      along(tiling, f => transpose(f.ofTaps)),
      c.window,
      sums,
    ),
  ]
}
