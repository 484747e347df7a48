/** Convolutions with stride 1 and small windows among Contractions. */
import type { Affine, Contraction, Load } from '../kernel.ts'
import { uses } from '../operands.ts'

/** Something of each of the two axes of a window, or of those that it moves along. */
export type Pair = readonly [number, number]

/** Numbers of a Contraction's axes. */
export interface Convolution {
  /** The operand that both pairs of axes move over together, and the axes over which the window moves: those that are tiled. */
  readonly image: { readonly load: Load; readonly moving: Pair }
  /** Axes of the window. */
  readonly window: Pair
  /** The taps; or for their gradient the cotangents. */
  readonly other: Load
  /** The window's axes are results, the others reduced: it is the gradient of the taps. */
  readonly gradient: boolean
}

/** The lengths of windows that are found, along each axis on its own. */
const WINDOW = { least: 2, most: 5 }

/** The Contraction as a convolution, or as the gradient of the taps of one; null where it is neither. */
export function findConvolution(k: Contraction): Convolution | null {
  return find(k, false) ?? find(k, true)
}

/** Finds two axes of few taps along which the image is read as along two axes of the other kind (results, reduced). */
function find(k: Contraction, gradient: boolean): Convolution | null {
  const inWindow = (axis: number): boolean => axis < k.parallel === gradient
  for (const [image, other] of [
    [k.a, k.b],
    [k.b, k.a],
  ] as const) {
    const pairs = k.extents.flatMap((n, w) => {
      if (n < WINDOW.least || n > WINDOW.most || !inWindow(w) || uses(other, w) === gradient) return []
      const m = k.extents.findIndex((_, p) => !inWindow(p) && uses(image, p) && uses(other, p) === gradient && moveTogether(image, p, w))
      return m < 0 ? [] : [[m, w] as const]
    })
    const [first, second] = pairs
    if (pairs.length === 2 && first !== undefined && second !== undefined && first[0] !== second[0])
      return { image: { load: image, moving: [first[0], second[0]] }, other, window: [first[1], second[1]], gradient }
  }
  return null
}

const mapsOf = (n: Load): readonly Affine[] => [n.map, ...(n.guards ?? []).map(g => g.index)]
const moveTogether = (image: Load, a: number, b: number): boolean => mapsOf(image).every(m => m.strides[a] === m.strides[b])
