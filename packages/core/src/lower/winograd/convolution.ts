/** Convolutions among Contractions. */
import type { Affine, Contraction, Load } from '../kernel.ts'

/** Numbers of a Contraction's axes. */
export interface Convolution {
  readonly image: Load
  readonly taps: Load
  /** Axes of the result and of the window that move over the image together. */
  readonly result: readonly [number, number]
  readonly window: readonly [number, number]
}

/** Finds two reduced axes of three taps each along which the image is read as along two axes of the result: stride 1, no dilation. */
export function findConvolution(k: Contraction): Convolution | null {
  for (const [image, taps] of [[k.a, k.b], [k.b, k.a]] as const) {
    const pairs = k.extents.flatMap((n, w) => {
      const r = w < k.parallel || n !== 3 ? -1 : k.extents.findIndex((_, p) => p < k.parallel && moveTogether(image, taps, p, w))
      return r < 0 ? [] : [[r, w] as const]
    })
    const [first, second] = pairs
    if (pairs.length === 2 && first !== undefined && second !== undefined && first[0] !== second[0])
      return { image, taps, result: [first[0], second[0]], window: [first[1], second[1]] }
  }
  return null
}

const mapsOf = (n: Load): readonly Affine[] => [n.map, ...(n.guards ?? []).map(g => g.index)]
/** Does an operand depend on an axis? */
export const uses = (n: Load, axis: number): boolean => mapsOf(n).some(a => a.strides[axis] !== 0)
const moveTogether = (image: Load, taps: Load, result: number, window: number): boolean =>
  uses(image, result) && !uses(taps, result) && mapsOf(image).every(a => a.strides[result] === a.strides[window])
