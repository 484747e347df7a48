/** Covariance, and correlation of sequences. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { divide, multiply, subtract } from '../primitives/arithmetic.ts'
import { astype, promoteOperands, toFloat } from '../primitives/cast.ts'
import { clip } from '../primitives/clamp.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { convolveP } from '../primitives/convolve.ts'
import { sqrt } from '../primitives/exponential.ts'
import { sum } from '../primitives/reduce.ts'
import { expandDims, ravel, reshape, squeeze } from '../primitives/reshape.ts'
import { flip } from '../primitives/reverse.ts'
import { transpose } from '../primitives/transpose.ts'
import { bind1 } from '../program/bind.ts'
import { normalizeAxes, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { diagonal } from './creation.ts'
import { matmul } from './linalg.ts'
import { atleast2d } from './manipulation.ts'
import { average } from './reduction.ts'

// ---- covariance

export interface Corrcoef {
  /** More variables, in the form of x. */
  readonly y?: TensorLike
  /** Variables are rows, observations columns (default true), or the other way round. */
  readonly rowvar?: boolean
}
export interface Cov extends Corrcoef {
  /** Divide by the number of observations instead of one less. Default false. */
  readonly bias?: boolean
  /** Divide by the number of observations less this. Default 1, with `bias` 0. */
  readonly ddof?: number
  /** How often each observation was made: a vector. */
  readonly fweights?: TensorLike
  /** How important each observation is: a vector. */
  readonly aweights?: TensorLike
}

/** Covariance matrix of variables: `[n, m]`, m observations of n variables, gives `[n, n]`; one variable gives its variance. NumPy: `cov`. */
export function cov(x: TensorLike, given: Cov = {}): Tensor {
  const {
    bias = false,
    ddof = bias ? 0 : 1,
    fweights,
    aweights,
    ...options
  } = checkOptions('cov', given, 'y', 'rowvar', 'bias', 'ddof', 'fweights', 'aweights')
  const rows = variables('cov', x, options),
    m = rows.shape[1] as number
  const frequency = fweights === undefined ? undefined : observed('cov', 'fweights', fweights, rows)
  const importance = aweights === undefined ? undefined : observed('cov', 'aweights', aweights, rows)
  const weights = frequency && importance ? multiply(frequency, importance) : (frequency ?? importance)
  const centred = subtract(rows, average(rows, { axis: 1, keepdims: true, ...(weights !== undefined && { weights }) }))
  const products = matmul(weights === undefined ? centred : multiply(centred, weights), transpose(centred))
  return squeezed(divide(products, divisor(m, ddof, weights, importance)))
}

/** Observations less the degrees of freedom that were used up; with weights as NumPy's `cov` counts them. */
function divisor(m: number, ddof: number, weights: Tensor | undefined, importance: Tensor | undefined): TensorLike {
  if (weights === undefined) return Math.max(0, m - ddof)
  const total = sum(weights)
  if (importance === undefined || ddof === 0) return subtract(total, ddof)
  return subtract(total, divide(multiply(ddof, sum(multiply(weights, importance))), total))
}

/** Variables as rows, those of `y` below those of x. */
function variables(caller: string, x: TensorLike, { y, rowvar = true }: Corrcoef): Tensor {
  const rowsOf = (v: TensorLike): Tensor => {
    const t = toFloat(caller, v)
    if (t.ndim > 2) fail('ShapeError', `${caller}: needs a vector or a matrix, got shape ${showShape(t.shape)}.`)
    return rowvar || t.ndim < 2 ? atleast2d(t) : transpose(t)
  }
  if (y === undefined) return rowsOf(x)
  const [a, b] = promoteOperands(caller, rowsOf(x), rowsOf(y))
  if (a.shape[1] !== b.shape[1])
    fail('ShapeError', `${caller}: x has ${a.shape[1]} observations and y has ${b.shape[1]}. They pair up one to one.`)
  return concatenate([a, b], { axis: 0 })
}

function observed(caller: string, name: string, weights: TensorLike, rows: Tensor): Tensor {
  const w = toTensor(weights, caller)
  if (w.ndim !== 1 || w.size !== rows.shape[1])
    fail('ShapeError', `${caller}: ${name} of shape ${showShape(w.shape)} do not pair up with ${rows.shape[1]} observations.`)
  return astype(w, rows.dtype)
}

const squeezed = (t: Tensor): Tensor => squeeze(t, { axis: normalizeAxes('squeeze', undefined, t.ndim).filter(k => t.shape[k] === 1) })

/** Pearson's correlation coefficients of variables, in [-1, 1]: `[n, m]` gives `[n, n]`. NaN for a variable that is constant. NumPy: `corrcoef`. */
export function corrcoef(x: TensorLike, options: Corrcoef = {}): Tensor {
  checkOptions('corrcoef', options, 'y', 'rowvar')
  const c = cov(variables('corrcoef', x, options))
  if (c.ndim === 0) return divide(c, c)
  const deviations = sqrt(diagonal(c))
  return clip(divide(divide(c, expandDims(deviations, 1)), deviations), -1, 1)
}

// ---- sequences

/** Which shifts: all that overlap, as many as the longer vector has elements, or those with full overlap. */
export type CorrelationMode = 'full' | 'same' | 'valid'
export interface Correlation {
  /** Default: `full` for convolve, `valid` for correlate. */
  readonly mode?: CorrelationMode
}

/** Discrete convolution of two vectors: sum over i of `x[i] y[k - i]`. NumPy: `convolve`. */
export function convolve(x: TensorLike, y: TensorLike, options: Correlation = {}): Tensor {
  const { mode = 'full' } = checkOptions('convolve', options, 'mode')
  const [a, b] = sequences('convolve', x, y, mode)
  return a.size < b.size ? slide(b, flip(a), mode) : slide(a, flip(b), mode)
}
/** Cross-correlation of two vectors: sum over i of `x[i + k] y[i]`. NumPy: `correlate`. */
export function correlate(x: TensorLike, y: TensorLike, options: Correlation = {}): Tensor {
  const { mode = 'valid' } = checkOptions('correlate', options, 'mode')
  const [a, b] = sequences('correlate', x, y, mode)
  return a.size < b.size ? flip(slide(b, a, mode)) : slide(a, b, mode)
}

function sequences(caller: string, x: TensorLike, y: TensorLike, mode: string): readonly [Tensor, Tensor] {
  const [a, b] = promoteOperands(caller, x, y) as readonly [Tensor, Tensor]
  if (a.ndim !== 1 || b.ndim !== 1 || a.size === 0 || b.size === 0)
    fail('ShapeError', `${caller}: needs two vectors that are not empty, got shapes ${showShape(a.shape)} and ${showShape(b.shape)}.`)
  if (mode !== 'full' && mode !== 'same' && mode !== 'valid')
    fail('ValueError', `${caller}: unknown mode '${mode}'. Use full, same or valid.`)
  return a.dtype === 'bool' ? [astype(a, 'int32'), astype(b, 'int32')] : [a, b]
}

/** A window, not longer than x, at all its places along x. */
function slide(x: Tensor, window: Tensor, mode: CorrelationMode): Tensor {
  const n = window.size
  const padding = { full: [n - 1, n - 1], same: [n >> 1, (n - 1) >> 1], valid: [0, 0] } as const
  const labels = { lhs: 'nc0', rhs: 'oc0', out: 'no0' },
    plain = { strides: [1], lhsDilation: [1], rhsDilation: [1] }
  const out = bind1(convolveP, [reshape(x, [1, 1, x.size]), reshape(window, [1, 1, n])], { ...labels, ...plain, padding: [padding[mode]] })
  return ravel(out)
}
