/** The short-time Fourier transform and its inverse, as in SciPy. */
import { fail } from '../errors.ts'
import { type Complex, irfft, rfft } from '../fft/index.ts'
import { pad } from '../numpy/padding.ts'
import { checkOptions } from '../options.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { divide, maximum, multiply } from '../primitives/arithmetic.ts'
import { toFloat } from '../primitives/cast.ts'
import { array } from '../numpy/creation.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { swapaxes } from '../primitives/transpose.ts'
import { type Shape, showShape } from '../shape.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { frame, overlapAndAdd } from './frame.ts'
import { type WindowName, windowValues } from './windows.ts'

export interface StftOptions {
  /** By name, periodic. Default `hann`. */
  readonly window?: WindowName
  /** Length of a segment. Default 256. */
  readonly nperseg?: number
  /** How much segments overlap. Default half a segment. */
  readonly noverlap?: number
  /** Length of each transform. Default `nperseg`. */
  readonly nfft?: number
  /** Half a segment of zeros at both ends, so that all samples are in the middle of one. Default true. */
  readonly boundary?: boolean
}

interface Settings {
  readonly nperseg: number
  readonly step: number
  readonly nfft: number
  readonly values: readonly number[]
  readonly boundary: boolean
}

function settings(name: string, options: StftOptions): Settings {
  const { window = 'hann', nperseg = 256, nfft = nperseg, noverlap = nperseg >> 1, boundary = true } = options
  const values = windowValues(name, window, nperseg, true)
  if (!Number.isInteger(noverlap) || noverlap < 0 || noverlap >= nperseg)
    fail('ValueError', `${name}: noverlap must be an integer of 0 to ${nperseg - 1}, less than nperseg, got ${noverlap}.`)
  if (!Number.isInteger(nfft) || nfft < nperseg)
    fail('ValueError', `${name}: nfft must be an integer of at least nperseg ${nperseg}, got ${nfft}.`)
  return { nperseg, step: nperseg - noverlap, nfft, values, boundary }
}

const behind = (shape: Shape, before: number, after: number): (readonly [number, number])[] =>
  shape.map((_, k) => (k === shape.length - 1 ? [before, after] : [0, 0]))

/**
 * Spectra of overlapping segments of the last axis, each multiplied by the window and divided by its sum: `[..., n]` gives a pair `[..., nfft / 2 + 1, segments]`. Zeros
 * fill the last segment. SciPy: `signal.stft`, whose frequencies are `fft.rfftfreq(nfft)`.
 */
export function stft(x: TensorLike, options: StftOptions = {}): Complex {
  checkOptions('stft', options, 'window', 'nperseg', 'noverlap', 'nfft', 'boundary')
  const { nperseg, step, nfft, values, boundary } = settings('stft', options),
    t = toFloat('stft', x),
    n = t.shape.at(-1)
  if (n === undefined || n === 0) fail('ShapeError', `stft: needs samples along the last axis, got shape ${showShape(t.shape)}.`)
  const edge = boundary ? nperseg >> 1 : 0,
    length = n + 2 * edge
  const missing = length < nperseg ? nperseg - length : (step - ((length - nperseg) % step)) % step
  const total = values.reduce((a, b) => a + b, 0)
  const weights = array(
    Float64Array.from(values, v => v / total),
    { dtype: t.dtype },
  )
  const segments = frame(pad(t, behind(t.shape, edge, edge + missing)), nperseg, step)
  const { re, im } = rfft(multiply(segments, weights), { n: nfft })
  return { re: swapaxes(re, -1, -2), im: swapaxes(im, -1, -2) }
}

/**
 * The sequence whose `stft` with the same options is `x`, a pair `[..., nfft / 2 + 1, segments]`; exact where windows overlap everywhere. The zeros that filled the
 * last segment stay at the end. SciPy: `signal.istft`.
 */
export function istft(x: { readonly re: TensorLike; readonly im: TensorLike }, options: StftOptions = {}): Tensor {
  checkOptions('istft', options, 'window', 'nperseg', 'noverlap', 'nfft', 'boundary')
  const { nperseg, step, nfft, values, boundary } = settings('istft', options)
  if (x?.re === undefined || x.im === undefined) fail('ValueError', 'istft: needs { re, im }, as stft gives them.')
  const re = toFloat('istft', x.re),
    im = toFloat('istft', x.im)
  if (re.ndim < 2 || re.shape.at(-2) !== (nfft >> 1) + 1 || re.shape.join() !== im.shape.join())
    fail(
      'ShapeError',
      `istft: needs re and im of shape [..., ${(nfft >> 1) + 1}, segments] for nfft ${nfft}, got ${showShape(re.shape)} and ${showShape(im.shape)}.`,
    )
  const segments = irfft({ re: swapaxes(re, -1, -2), im: swapaxes(im, -1, -2) }, { n: nfft }),
    total = values.reduce((a, b) => a + b, 0)
  const weights = (f: (v: number) => number): Tensor => array(Float64Array.from(values, f), { dtype: re.dtype })
  const sum = overlapAndAdd(
    multiply(
      sliceAxis(segments, 0, nperseg, { axis: -1 }),
      weights(v => v * total),
    ),
    step,
  )
  const count = re.shape.at(-1) as number
  const norm = overlapAndAdd(
    broadcastTo(
      weights(v => v * v),
      [count, nperseg],
    ),
    step,
  )
  const out = divide(sum, maximum(norm, 1e-10)),
    edge = boundary ? nperseg >> 1 : 0
  return sliceAxis(out, edge, (out.shape.at(-1) as number) - edge, { axis: -1 })
}
