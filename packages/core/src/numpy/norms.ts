/** Norms. Their gradient at zero is zero, where the mathematical one does not exist. */
import { fail, inNameOf } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { abs } from '../primitives/arithmetic.ts'
import { astype, toFloat } from '../primitives/cast.ts'
import { notEqual } from '../primitives/comparison.ts'
import { power, sqrt } from '../primitives/exponential.ts'
import { max, min, sum } from '../primitives/reduce.ts'
import { expandDims } from '../primitives/reshape.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { svdvals } from '../linalg/svd.ts'
import { axisList, normalizeAxes, normalizeAxis, showShape, withAxes } from '../shape.ts'
import type { Reduce, Tensor, TensorLike } from '../tensor.ts'
import { atNonZero } from './guards.ts'

export interface VectorNormOptions extends Reduce {
  /** p of the p-norm: any number, Infinity (largest magnitude), -Infinity (smallest), 0 (how many are not zero). Default 2. */
  readonly ord?: number
}

/** The p-norm along axes (default: of all elements). NumPy: `linalg.vector_norm`. */
export function vectorNorm(x: TensorLike, given: VectorNormOptions = {}): Tensor {
  const { ord = 2, ...axes } = checkOptions('vectorNorm', given, 'axis', 'keepdims', 'ord')
  const t = toFloat('vectorNorm', x),
    options = withAxes('vectorNorm', t, axes)
  switch (ord) {
    case 2:
      return atNonZero(sum(t.mul(t), options), sqrt)
    case 1:
      return sum(abs(t), options)
    case 0:
      return sum(astype(notEqual(t, 0), t.dtype), options)
    case Infinity:
      return max(abs(t), options)
    case -Infinity:
      return min(abs(t), options)
    default: {
      if (!Number.isFinite(ord)) fail('ValueError', `vectorNorm: ord must be a number, got ${ord}.`)
      const powers = ord > 0 ? atNonZero(abs(t), a => power(a, ord)) : power(abs(t), ord)
      return atNonZero(sum(powers, options), s => power(s, 1 / ord))
    }
  }
}

export interface NormOptions extends Reduce {
  /**
   * For vectors see `vectorNorm`; for matrices `fro` (default), 1 and -1 (largest, smallest column sum), Infinity and -Infinity (row sums), 2 and -2
   * (largest, smallest singular value), `nuc` (the sum of the singular values).
   */
  readonly ord?: number | 'fro' | 'nuc'
}

/**
 * A norm of vectors (one axis) or matrices (two axes). Default: the 2-norm of all elements. An `ord` without an axis needs a vector or a
 * matrix. NumPy: `linalg.norm`.
 */
export function norm(x: TensorLike, options: NormOptions = {}): Tensor {
  return inNameOf('norm', () => {
    const { ord, axis, keepdims = false } = checkOptions('norm', options, 'axis', 'keepdims', 'ord')
    const t = toFloat('norm', x)
    normalizeAxes('norm', axis, t.ndim)
    if (ord === undefined) return vectorNorm(t, { keepdims, ...(axis !== undefined && { axis }) })
    // In the order given: rows, then columns.
    const axes = (axis === undefined ? t.shape.map((_, k) => k) : axisList('norm', axis)).map(k => normalizeAxis('norm', k, t.ndim))
    if (axes.length === 1 && typeof ord === 'number') return vectorNorm(t, { ord, axis: axes, keepdims })
    if (axes.length !== 2)
      fail(
        'ShapeError',
        `norm: ord ${ord} needs one axis (vectors${typeof ord === 'string' ? ' have no such norm' : ''}) or two (matrices), got ${axes.length} of shape ${showShape(t.shape)}. Give axis.`,
      )
    return matrixNorm(t, ord, axes as [number, number], keepdims)
  })
}

function matrixNorm(t: Tensor, ord: number | 'fro' | 'nuc', [rows, columns]: readonly [number, number], keepdims: boolean): Tensor {
  if (ord === 'fro') return vectorNorm(t, { axis: [rows, columns], keepdims })
  if (ord === 'nuc' || Math.abs(ord) === 2) return spectralNorm(t, ord, [rows, columns], keepdims)
  if (Math.abs(ord) !== 1 && Math.abs(ord) !== Infinity)
    fail('ValueError', `norm: ord ${ord} is not available for matrices. Use 'fro', 'nuc', 1, -1, 2, -2, Infinity or -Infinity.`)
  const [inner, outer] = Math.abs(ord) === 1 ? [rows, columns] : [columns, rows]
  const sums = sum(abs(t), { axis: inner, keepdims: true }),
    extremum = ord > 0 ? max : min
  const out = extremum(sums, { axis: outer, keepdims: true })
  return keepdims ? out : sum(out, { axis: [rows, columns] })
}

/** Norms by singular values. */
function spectralNorm(t: Tensor, ord: number | 'nuc', axes: readonly [number, number], keepdims: boolean): Tensor {
  const s = svdvals(moveaxis(t, axes, [-2, -1]))
  const out = ord === 'nuc' ? sum(s, { axis: -1 }) : ord > 0 ? max(s, { axis: -1 }) : min(s, { axis: -1 })
  return keepdims ? expandDims(out, axes) : out
}
