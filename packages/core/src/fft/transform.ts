/**
 * The discrete Fourier transform along the last axis, for any length. Lengths of small factors are split as J. Cooley & J. Tukey did in 1965, in as few stages
 * as factors of up to 64 allow: each stage is a product with a matrix, which is what backends are fastest at. Lengths with large prime factors become a
 * convolution of a length that is a power of two (L. Bluestein, 1970).
 */
import type { DType } from '../dtype.ts'
import { array } from '../numpy/creation.ts'
import { matmul } from '../numpy/linalg.ts'
import { multiply, remainder, subtract } from '../primitives/arithmetic.ts'
import { astype, scalarOf } from '../primitives/cast.ts'
import { greater } from '../primitives/comparison.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { iota } from '../primitives/iota.ts'
import { expandDims, reshape } from '../primitives/reshape.ts'
import { flip } from '../primitives/reverse.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { swapaxes } from '../primitives/transpose.ts'
import { cos, sin } from '../primitives/trigonometric.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import type { Tensor } from '../tensor.ts'
import { type Complex, mapParts, type Parts, timesConjugate } from './complex.ts'

/** Transforms of up to this length are one product. */
const LARGEST_FACTOR = 64

/** cos and sin of 2 pi i j / n, `[rows, columns]`. The product is reduced as an integer, to an angle of at most pi. */
function roots(n: number, rows: number, columns: number, dtype: DType): readonly [c: Tensor, s: Tensor] {
  const product = remainder(multiply(expandDims(iota([rows]), 1), iota([columns])), scalarOf(n, 'int32'))
  const turn = where(greater(product, n >> 1), subtract(product, scalarOf(n, 'int32')), product)
  const angle = multiply(astype(turn, dtype), scalarOf((2 * Math.PI) / n, dtype))
  return [cos(angle), sin(angle)]
}

/** sum_j x_j exp(-2 pi i j k / n) along the last axis. */
export function transform(x: Parts): Complex {
  const n = x.re.shape.at(-1) as number
  if (n <= LARGEST_FACTOR) return timesConjugate(x, ...roots(n, n, n, x.re.dtype), matmul)
  const factor = largestFactor(n)
  return factor === 1 ? bluestein(x, n) : split(x, factor, n / factor)
}

/** The inverse but for the division by n: with re and im exchanged, before and behind, i's sign changes. */
export function inverseTransform({ re, im }: Complex): Complex {
  const swapped = transform({ re: im, im: re })
  return { re: swapped.im, im: swapped.re }
}

function largestFactor(n: number): number {
  for (let d = LARGEST_FACTOR; d > 1; d--) if (n % d === 0) return d
  return 1
}

/**
 * n = a b: with j = b i + l and k = p + a q the sum is over i first, for each l (length a), then multiplied by exp(-2 pi i l p / n), then over l (length b).
 */
function split(x: Parts, a: number, b: number): Complex {
  const lead = x.re.shape.slice(0, -1),
    { dtype } = x.re
  // [..., l, i], so that the sum over i is a product with a matrix from the right.
  const columns = mapParts(x, t => swapaxes(reshape(t, [...lead, a, b]), -1, -2))
  const first = timesConjugate(columns, ...roots(a, a, a, dtype), matmul)
  const twisted = timesConjugate(first, ...roots(a * b, b, a, dtype))
  const second = transform(mapParts(twisted, t => swapaxes(t, -1, -2)))
  return { re: interleave(second.re), im: interleave(second.im) }
}
/** [..., p, q] to [..., p + a q]. */
const interleave = (t: Tensor): Tensor =>
  reshape(swapaxes(t, -1, -2), [...t.shape.slice(0, -2), (t.shape.at(-2) as number) * (t.shape.at(-1) as number)])

/** 2 j k = j^2 + k^2 - (k - j)^2 makes the transform a convolution with the chirp exp(i pi j^2 / n). */
function bluestein(x: Parts, n: number): Complex {
  const { dtype } = x.re
  let size = 1
  while (size < 2 * n - 1) size *= 2
  // j^2 is reduced modulo 2 n, where doubles are exact.
  const angles = Float64Array.from({ length: n }, (_, j) => (Math.PI * ((j * j) % (2 * n))) / n)
  const chirp = (f: (angle: number) => number): Tensor => array(angles.map(f), { dtype })
  const c = chirp(Math.cos),
    s = chirp(Math.sin)
  const padded = mapParts(timesConjugate(x, c, s), t => extend(t, size))
  const spectrum = transform(padded),
    filter = transform({ re: around(c, size), im: around(s, size) })
  const product = timesConjugate(spectrum, filter.re, multiply(-1, filter.im))
  const back = inverseTransform(product)
  const kept = mapParts(back, t => multiply(sliceAxis(t, 0, n, { axis: -1 }), 1 / size))
  return timesConjugate(kept, c, s)
}

const zerosBehind = (t: Tensor, count: number): Tensor => broadcastTo(scalarOf(0, t.dtype), [...t.shape.slice(0, -1), count])
/** With zeros behind, up to a length. */
export function extend(t: Tensor, size: number): Tensor {
  const n = t.shape.at(-1) as number
  return n === size ? t : concatenate([t, zerosBehind(t, size - n)], { axis: -1 })
}
/** An even sequence on a circle: 0..n-1 from the start, and n-1..1 at the end. */
function around(t: Tensor, size: number): Tensor {
  const n = t.shape[0] as number
  return concatenate([t, zerosBehind(t, size - 2 * n + 1), flip(sliceAxis(t, 1))])
}
