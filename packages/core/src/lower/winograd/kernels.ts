/**
 * Winograd's F(2x2, 3x3) makes each 2x2 tile of a convolution's result by 16 products instead of 36:
 *
 *   Y = A^T ((G g G^T) . (B^T d B)) A     for 3x3 taps g and the 4x4 samples d that the tile touches,
 *
 * summed over channels before the outer transform. The gradient of the taps is, by transposition and summed over tiles,
 *
 *   G^T ((A y A^T) . (B^T d B)) G         for the 2x2 cotangents y.
 *
 * Rounding errors are smaller than those of the direct sum, which has more terms. Where an operand is infinite the result is NaN.
 * Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015.
 */
import type { Affine, Contraction, Guard, Kernel } from '../kernel.ts'
import { type Convolution, uses } from './convolution.ts'
import { type Allocate, type Blocks, type Matrix, Tiles } from './tiles.ts'

const G: Matrix = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
]
const B_T: Matrix = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
]
const A_T: Matrix = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
]
const transpose = (m: Matrix): Matrix => (m[0] as readonly number[]).map((_, j) => m.map(row => row[j] as number))
const G_T: Matrix = transpose(G)
const A: Matrix = transpose(A_T)

/** For a convolution, whose result has whole tiles. */
export function convolutionKernels(k: Contraction, c: Convolution, blocks: Blocks, allocate: Allocate): readonly Kernel[] {
  const tiles = new Tiles(k, c.image.moving, blocks, allocate)
  const others = k.extents.map((_, i) => i).filter(i => !c.window.includes(i))
  // The transformed taps lie in memory as the taps do.
  const stride = (i: number): number => Math.abs(c.other.map.strides[i] as number)
  const taps = tiles.transformed(others.filter(i => uses(c.other, i)).sort((i, j) => stride(j) - stride(i)))
  const samples = tiles.transformed(others.filter(i => uses(c.image.load, i)))
  const sums = tiles.transformed(others.filter(i => i < k.parallel))
  return [
    tiles.transform(c.other, G, c.window, taps),
    ...tiles.forBlocks([
      tiles.transform(c.image.load, B_T, c.window, samples),
      tiles.products(others, samples, taps, sums, false),
      tiles.results(A_T, c.image.moving, sums),
    ]),
  ]
}

/** For the gradient of a convolution's taps. The last tiles of odd sizes are filled up with zeros. */
export function gradientKernels(k: Contraction, c: Convolution, blocks: Blocks, allocate: Allocate): readonly Kernel[] {
  const tiles = new Tiles(k, c.image.moving, blocks, allocate)
  const others = k.extents.map((_, i) => i).filter(i => !c.window.includes(i))
  const samples = tiles.transformed(others.filter(i => uses(c.image.load, i)))
  const cotangents = tiles.transformed(others.filter(i => uses(c.other, i)))
  const sums = tiles.transformed(others.filter(i => i < k.parallel))
  const along = (...axes: readonly number[]): Affine => ({ offset: 0, strides: k.extents.map((_, i) => (axes.includes(i) ? 1 : 0)) })
  const odd = c.image.moving.flatMap((axis, i) =>
    (k.extents[axis] as number) % 2 === 1 ? [{ axis, window: c.window[i] as number, extent: k.extents[axis] as number }] : [],
  )
  const onSamples = odd.map(({ axis, window, extent }): Guard => ({ index: along(axis, window), extent: extent + 2 }))
  const onCotangents = odd.map(({ axis, extent }): Guard => ({ index: along(axis), extent }))
  return [
    tiles.zeros(sums),
    ...tiles.forBlocks([
      tiles.transform(c.image.load, B_T, c.window, samples, onSamples),
      tiles.transform(c.other, A, c.image.moving, cotangents, onCotangents),
      tiles.products(others, samples, cotangents, sums, true),
    ]),
    tiles.results(G_T, c.window, sums),
  ]
}
