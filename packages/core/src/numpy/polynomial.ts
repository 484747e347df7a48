/** Polynomials as vectors of coefficients, the highest power first; and the least squares fit of one. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add, divide, multiply, subtract } from '../primitives/arithmetic.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { astype, promoteFloats, promoteOperands, scalarOf } from '../primitives/cast.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { cumprod } from '../primitives/cumulative.ts'
import { sqrt, square } from '../primitives/exponential.ts'
import { sum } from '../primitives/reduce.ts'
import { expandDims, reshape, squeeze } from '../primitives/reshape.ts'
import { flip } from '../primitives/reverse.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { convolve } from './correlation.ts'
import { zeros } from './creation.ts'
import { atleast1d } from './manipulation.ts'
import { pad } from './padding.ts'
import { checkStaticSize } from './staticSize.ts'

/** A vector of coefficients; a number is a constant polynomial. */
function coefficients(caller: string, p: TensorLike): Tensor {
  const t = toTensor(p, caller)
  return t.ndim <= 1 ? atleast1d(t) : fail('ShapeError', `${caller}: coefficients are a vector, got shape ${showShape(t.shape)}.`)
}

/** Both with as many coefficients as the longer one has. */
function aligned(caller: string, p: TensorLike, q: TensorLike): readonly [Tensor, Tensor] {
  const [a, b] = promoteOperands(caller, coefficients(caller, p), coefficients(caller, q))
  const n = Math.max(a.size, b.size)
  const longer = (t: Tensor): Tensor => (t.size === n ? t : pad(t, [n - t.size, 0]))
  return [longer(a), longer(b)]
}

/** Sum of two polynomials. NumPy: `polyadd`. */
export function polyadd(p: TensorLike, q: TensorLike): Tensor {
  return add(...aligned('polyadd', p, q))
}
/** Difference of two polynomials. NumPy: `polysub`. */
export function polysub(p: TensorLike, q: TensorLike): Tensor {
  return subtract(...aligned('polysub', p, q))
}
/** Product of two polynomials; leading zeros stay. NumPy: `polymul`. */
export function polymul(p: TensorLike, q: TensorLike): Tensor {
  const [a, b] = promoteOperands('polymul', coefficients('polymul', p), coefficients('polymul', q))
  if (a.size === 0 || b.size === 0) return a.size === 0 ? a : b
  return convolve(a, b)
}

/** The polynomial at each element of x, by Horner's scheme. NumPy: `polyval`. */
export function polyval(p: TensorLike, x: TensorLike): Tensor {
  const [c, t] = promoteOperands('polyval', coefficients('polyval', p), x)
  const numbers = c.dtype === 'bool' ? astype(c, 'int32') : c,
    at = astype(t, numbers.dtype)
  let out = zeros(at.shape, { dtype: numbers.dtype })
  for (let i = 0; i < c.size; i++) out = add(multiply(out, at), reshape(sliceAxis(numbers, i, i + 1), []))
  return out
}

export interface Vander {
  /** Number of columns. Default: as many as elements. */
  readonly count?: number
  /** The powers 0, 1, 2, ... from left to right instead of right to left. Default false. */
  readonly increasing?: boolean
}

/** Vandermonde's matrix: a row of powers for each element of a vector, the highest first. NumPy: `vander`. */
export function vander(x: TensorLike, options: Vander = {}): Tensor {
  const { count, increasing = false } = checkOptions('vander', options, 'count', 'increasing')
  const t = toTensor(x, 'vander')
  if (t.ndim !== 1) fail('ShapeError', `vander: needs a vector, got shape ${showShape(t.shape)}.`)
  if (count !== undefined) checkStaticSize('vander', 'count', count)
  const n = count ?? t.size,
    dtype = t.dtype === 'bool' ? 'int32' : t.dtype
  if (n === 0) return zeros([t.size, 0], { dtype })
  // Running products: exact derivatives at zero, where those of a power of two variables do not exist.
  const factors = concatenate(
    [broadcastTo(scalarOf(1, dtype), [t.size, 1]), broadcastTo(expandDims(astype(t, dtype), 1), [t.size, n - 1])],
    { axis: 1 },
  )
  const powers = cumprod(factors, { axis: 1 })
  return increasing ? powers : flip(powers, { axis: 1 })
}

export interface Polyfit {
  /** What each residual is multiplied by before it is squared: a vector like x. Default: 1. */
  readonly weights?: TensorLike
}

/**
 * Coefficients of the polynomial of a degree that is nearest to points (x, y) in the sense of least squares: `[degree + 1]`; for y of shape `[m, k]`
 * those of k polynomials as columns. Needs more points with different x than the degree. By Gram-Schmidt orthogonalisation of the scaled
 * Vandermonde matrix with y as a last column, which is as stable as Householder's (Björck, "Solving linear least squares problems by Gram-Schmidt
 * orthogonalization", BIT 7, 1967). NumPy: `polyfit`.
 */
export function polyfit(x: TensorLike, y: TensorLike, degree: number, options: Polyfit = {}): Tensor {
  const { weights } = checkOptions('polyfit', options, 'weights')
  checkStaticSize('polyfit', 'degree', degree)
  const [t, values] = promoteFloats('polyfit', x, y)
  if (t.ndim !== 1 || values.ndim < 1 || values.ndim > 2 || values.shape[0] !== t.size)
    fail('ShapeError', `polyfit: needs x [m] and y [m] or [m, k], got shapes ${showShape(t.shape)} and ${showShape(values.shape)}.`)
  if (t.size <= degree)
    fail('ValueError', `polyfit: ${t.size} points do not determine a polynomial of degree ${degree}. Give at least ${degree + 1}.`)
  const w = weights === undefined ? undefined : weightColumn(t, weights)
  const weighted = (m: Tensor): Tensor => (w === undefined ? m : multiply(m, w))
  const powers = weighted(vander(t, { count: degree + 1 })),
    scale = sqrt(sum(square(powers), { axis: 0 }))
  const columns = values.ndim === 1 ? expandDims(values, 1) : values
  const solution = divide(leastSquares(divide(powers, scale), weighted(columns)), expandDims(scale, 1))
  return values.ndim === 1 ? squeeze(solution, { axis: 1 }) : solution
}

function weightColumn(t: Tensor, weights: TensorLike): Tensor {
  const w = toTensor(weights, 'polyfit')
  if (w.ndim !== 1 || w.size !== t.size)
    fail('ShapeError', `polyfit: weights of shape ${showShape(w.shape)} do not pair up with x of shape ${showShape(t.shape)}.`)
  return expandDims(astype(w, t.dtype), 1)
}

/** The least squares solution `[n, k]` of `a` `[m, n]` of full rank and `b` `[m, k]`, a column after the other: for few columns. */
function leastSquares(a: Tensor, b: Tensor): Tensor {
  const n = a.shape[1] as number
  let rest = concatenate([a, b], { axis: 1 })
  const rows: Tensor[] = []
  for (let k = 0; k < n; k++) {
    const column = sliceAxis(rest, 0, 1, { axis: 1 }),
      length = sqrt(sum(square(column))),
      unit = divide(column, length)
    const others = sliceAxis(rest, 1, undefined, { axis: 1 }),
      shares = sum(multiply(unit, others), { axis: 0, keepdims: true })
    rest = subtract(others, multiply(unit, shares))
    rows.push(concatenate([reshape(length, [1, 1]), shares], { axis: 1 }))
  }
  // rows[k] is row k of the triangle from its diagonal on, with the right-hand sides behind it.
  let solution = zeros([0, b.shape[1] as number], { dtype: a.dtype })
  for (let k = n - 1; k >= 0; k--) {
    const row = rows[k] as Tensor,
      known = n - 1 - k
    const coefficients = reshape(sliceAxis(row, 1, 1 + known, { axis: 1 }), [known, 1])
    const right = subtract(
      sliceAxis(row, 1 + known, undefined, { axis: 1 }),
      sum(multiply(coefficients, solution), { axis: 0, keepdims: true }),
    )
    solution = concatenate([divide(right, sliceAxis(row, 0, 1, { axis: 1 })), solution], { axis: 0 })
  }
  return solution
}
