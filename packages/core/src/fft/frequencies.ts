/** The frequencies that the numbers of a transform belong to, and their order. */
import { fail } from '../errors.ts'
import { array } from '../numpy/creation.ts'
import { roll } from '../numpy/manipulation.ts'
import { checkOptions } from '../options.ts'
import { normalizeAxis, axisList } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

export interface FrequencyOptions {
  /** The distance of two samples. Default 1: frequencies are cycles a sample. */
  readonly spacing?: number
}

function checkLength(name: string, n: number, spacing: number): void {
  if (!Number.isInteger(n) || n < 1) fail('ValueError', `${name}: the length must be a positive integer, got ${n}.`)
  if (!(spacing > 0)) fail('ValueError', `${name}: the spacing must be positive, got ${spacing}.`)
}

/** The frequencies of `fft`: 0, 1, ... up to the middle, then the negative ones from below, divided by n times the spacing; `[n]`. NumPy: `fft.fftfreq`. */
export function fftfreq(n: number, options: FrequencyOptions = {}): Tensor {
  const { spacing = 1 } = checkOptions('fftfreq', options, 'spacing')
  checkLength('fftfreq', n, spacing)
  return array(Float32Array.from({ length: n }, (_, k) => (2 * k < n ? k : k - n) / (n * spacing)))
}
/** The frequencies of `rfft`, `[n / 2 + 1]`. NumPy: `fft.rfftfreq`. */
export function rfftfreq(n: number, options: FrequencyOptions = {}): Tensor {
  const { spacing = 1 } = checkOptions('rfftfreq', options, 'spacing')
  checkLength('rfftfreq', n, spacing)
  return array(Float32Array.from({ length: (n >> 1) + 1 }, (_, k) => k / (n * spacing)))
}

export interface ShiftOptions {
  /** Default: all axes. */
  readonly axes?: number | readonly number[]
}

function shift(name: string, x: TensorLike, axes: number | readonly number[] | undefined, by: (n: number) => number): Tensor {
  const t = toTensor(x, name)
  return (axes === undefined ? t.shape.map((_, k) => k) : axisList(name, axes).map(k => normalizeAxis(name, k, t.ndim))).reduce(
    (y, axis) => roll(y, by(t.shape[axis] as number), { axis }),
    t,
  )
}
/** Moves frequency 0 from the start to the middle. NumPy: `fft.fftshift`. */
export function fftshift(x: TensorLike, options: ShiftOptions = {}): Tensor {
  const { axes } = checkOptions('fftshift', options, 'axes')
  return shift('fftshift', x, axes, n => n >> 1)
}
/** The inverse of `fftshift`. NumPy: `fft.ifftshift`. */
export function ifftshift(x: TensorLike, options: ShiftOptions = {}): Tensor {
  const { axes } = checkOptions('ifftshift', options, 'axes')
  return shift('ifftshift', x, axes, n => -(n >> 1))
}
