/** Fourier transforms along one axis. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { multiply } from '../primitives/arithmetic.ts'
import { toFloat } from '../primitives/cast.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { flip } from '../primitives/reverse.ts'
import { zerosLike } from '../numpy/creation.ts'
import { normalizeAxis } from '../shape.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { type Complex, type ComplexLike, mapParts, type Parts, toParts } from './complex.ts'
import { extend, inverseTransform, transform } from './transform.ts'

export interface FftOptions {
  /** Length of the transform: shorter data are followed by zeros, longer ones are cut. Default: that of the axis; for `irfft` twice that less 2. */
  readonly n?: number
  /** Default: the last. */
  readonly axis?: number
  /** Which direction is divided by n: the inverse (`backward`, default), the other (`forward`), or both by its root (`ortho`). */
  readonly norm?: 'backward' | 'ortho' | 'forward'
}

type Direction = 'to' | 'from'

function scaleOf(name: string, norm: string, n: number, direction: Direction): number {
  if (norm === 'ortho') return 1 / Math.sqrt(n)
  if (norm !== 'backward' && norm !== 'forward')
    fail('ValueError', `${name}: norm must be 'backward', 'ortho' or 'forward', got '${norm}'.`)
  return (norm === 'forward') === (direction === 'to') ? 1 / n : 1
}

/** Cut or followed by zeros. */
const fit = (t: Tensor, n: number): Tensor => ((t.shape.at(-1) as number) > n ? sliceAxis(t, 0, n, { axis: -1 }) : extend(t, n))

/** `f` along an axis, which is the last one for it, with parts of length `given`; its results are scaled. */
function along(
  name: string,
  x: Parts,
  options: FftOptions,
  direction: Direction,
  lengths: (size: number) => { readonly n: number; readonly given: number },
  f: (x: Parts, n: number) => Parts,
): Parts {
  const axis = normalizeAxis(name, options.axis ?? -1, x.re.ndim)
  const { n, given } = lengths(x.re.shape[axis] as number)
  if (!Number.isInteger(n) || n < 1) fail('ValueError', `${name}: the length n must be a positive integer, got ${n}.`)
  const scale = scaleOf(name, options.norm ?? 'backward', n, direction)
  const out = f(
    mapParts(x, t => fit(moveaxis(t, axis, -1), given)),
    n,
  )
  return mapParts(out, t => moveaxis(scale === 1 ? t : multiply(t, scale), -1, axis))
}

/** Both parts have the length of the transform. */
const whole =
  ({ n }: FftOptions) =>
  (size: number): { readonly n: number; readonly given: number } => ({ n: n ?? size, given: n ?? size })
const complete = ({ re, im }: Parts): Complex => ({ re, im: im ?? zerosLike(re) })

/**
 * The discrete Fourier transform, sum_j x_j exp(-2 pi i j k / n), along an axis. `x` is real, or a pair `{ re, im }`; the result is a pair of the same shape
 * (but for `n`). NumPy: `fft.fft`.
 *
 * @example fft.fft(array([1, 0, 0, 0])) // { re: [1, 1, 1, 1], im: [0, 0, 0, 0] }
 */
export function fft(x: ComplexLike, options: FftOptions = {}): Complex {
  checkOptions('fft', options, 'n', 'axis', 'norm')
  return complete(along('fft', toParts('fft', x), options, 'to', whole(options), transform))
}

/** The inverse of `fft`: sum_k x_k exp(2 pi i j k / n) / n. NumPy: `fft.ifft`. */
export function ifft(x: ComplexLike, options: FftOptions = {}): Complex {
  checkOptions('ifft', options, 'n', 'axis', 'norm')
  return complete(along('ifft', toParts('ifft', x), options, 'from', whole(options), y => inverseTransform(complete(y))))
}

/** The first n / 2 + 1 numbers of the transform of real data, which determine the others. NumPy: `fft.rfft`. */
export function rfft(x: TensorLike, options: FftOptions = {}): Complex {
  checkOptions('rfft', options, 'n', 'axis', 'norm')
  const real = { re: toFloat('rfft', x), im: null }
  return complete(
    along('rfft', real, options, 'to', whole(options), (y, n) => mapParts(transform(y), t => sliceAxis(t, 0, (n >> 1) + 1, { axis: -1 }))),
  )
}

/**
 * The inverse of `rfft`: real data of length `n` from n / 2 + 1 complex numbers. The imaginary parts of the first one, and for even n of the last one, do not
 * count. NumPy: `fft.irfft`.
 */
export function irfft(x: ComplexLike, options: FftOptions = {}): Tensor {
  checkOptions('irfft', options, 'n', 'axis', 'norm')
  const lengths = (size: number): { readonly n: number; readonly given: number } => {
    const n = options.n ?? 2 * (size - 1)
    return { n, given: (n >> 1) + 1 }
  }
  return along('irfft', toParts('irfft', x), options, 'from', lengths, (half, n) => {
    const mirror = (t: Tensor, sign: number): Tensor => {
      const rest = flip(sliceAxis(t, 1, (n + 1) >> 1, { axis: -1 }), { axis: -1 })
      return concatenate([t, sign === 1 ? rest : multiply(rest, sign)], { axis: -1 })
    }
    const { re, im } = complete(half)
    return { re: inverseTransform({ re: mirror(re, 1), im: mirror(im, -1) }).re, im: null }
  }).re
}
