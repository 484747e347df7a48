/** Least squares, the pseudo-inverse, and what the singular values say of a matrix. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { astype, promoteOperands } from '../primitives/cast.ts'
import { max, sum } from '../primitives/reduce.ts'
import { expandDims, squeeze } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { eye } from '../numpy/creation.ts'
import { matmul } from '../numpy/linalg.ts'
import { norm } from '../numpy/norms.ts'
import { showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { customJvp } from '../transforms/custom.ts'
import { mT } from './blocks.ts'
import { epsilonOf } from './eigh.ts'
import { toMatrices, toSquare } from './factorization.ts'
import { inv } from './solve.ts'
import { svd, svdvals } from './svd.ts'

export interface Rtol {
  /** Singular values up to `rtol` times the largest one count as zero. */
  readonly rtol?: number
}

const longer = (t: Tensor): number => Math.max(t.shape.at(-1) as number, t.shape.at(-2) as number)

/** Which singular values `[..., k]` are not zero. */
const isKept = (s: Tensor, rtol: number): Tensor => max(s, { axis: -1, keepdims: true }).mul(rtol).less(s)

/**
 * dP = -P dA P + P P' dA' (I - A P) + (I - P A) dA' P' P, where the rank does not change. G. Golub & V. Pereyra, "The differentiation of pseudo-inverses
 * and nonlinear least squares problems whose variables separate", 1973, (4.12).
 */
function pseudoInverse(a: Tensor, rtol: number): Tensor {
  const [m, n] = a.shape.slice(-2) as [number, number],
    unit = (size: number): Tensor => eye(size, { dtype: a.dtype })
  return customJvp(
    function pinv(x: Tensor): Tensor {
      const [u, s, vt] = svd(x, { fullMatrices: false }),
        kept = isKept(s, rtol)
      const inverse = where(kept, where(kept, s, 1).pow(-1), 0)
      return matmul(mT(vt).mul(expandDims(inverse, -2)), mT(u))
    },
    ([x], [dx]) => {
      const p = pseudoInverse(x, rtol),
        t = mT(dx)
      const outside = matmul(matmul(p, mT(p)), matmul(t, unit(m).sub(matmul(x, p))))
      const inside = matmul(unit(n).sub(matmul(p, x)), matmul(t, matmul(mT(p), p)))
      return [p, outside.add(inside).sub(matmul(p, matmul(dx, p)))]
    },
  )(a)
}

/**
 * The pseudo-inverse `[..., n, m]` of `[..., m, n]`. `rtol`: default 10 max(m, n) eps, as JAX. The derivative is that of matrices of the same rank. NumPy:
 * `linalg.pinv`.
 */
export function pinv(x: TensorLike, options: Rtol = {}): Tensor {
  const { rtol } = checkOptions('pinv', options, 'rtol')
  const t = toMatrices('pinv', x)
  if (t.size === 0) return mT(t)
  return pseudoInverse(t, rtol ?? 10 * longer(t) * epsilonOf(t))
}

export interface LstsqOptions {
  /** Singular values up to this times the largest one count as zero. Default max(m, n) eps. */
  readonly rcond?: number
}

/**
 * The least-squares solution of A x = b, of the smallest norm where there are several: `a` `[m, n]`, `b` `[m]` or `[m, k]`. `[x, residuals, rank, s]`:
 * sums of squares of b - A x (always, as JAX; NumPy leaves them out for some ranks), the rank (int32) and the singular values of A. NumPy:
 * `linalg.lstsq`.
 */
export function lstsq(
  a: TensorLike,
  b: TensorLike,
  options: LstsqOptions = {},
): readonly [x: Tensor, residuals: Tensor, rank: Tensor, s: Tensor] {
  const { rcond } = checkOptions('lstsq', options, 'rcond')
  const [p, q] = promoteOperands('lstsq', a, b) as readonly [Tensor, Tensor]
  const t = toMatrices('lstsq', p),
    isVector = q.ndim === 1,
    right = astype(isVector ? expandDims(q, 1) : q, t.dtype)
  if (t.ndim !== 2 || right.ndim !== 2 || t.shape[0] !== right.shape[0])
    fail(
      'ShapeError',
      `lstsq: needs a [m, n] and b [m] or [m, k], got ${showShape(p.shape)} and ${showShape(q.shape)}. For stacks use vmap.`,
    )
  const rtol = rcond ?? longer(t) * epsilonOf(t)
  const x = matmul(pinv(t, { rtol }), right),
    rest = right.sub(matmul(t, x))
  const s = svdvals(t)
  return [isVector ? squeeze(x, { axis: 1 }) : x, sum(rest.mul(rest), { axis: 0 }), rankOf(s, rtol), s]
}

const rankOf = (s: Tensor, rtol: number): Tensor =>
  s.shape.at(-1) === 0 ? sum(astype(s, 'int32'), { axis: -1 }) : sum(astype(isKept(s, rtol), 'int32'), { axis: -1 })

/** How many singular values of `[..., m, n]` are larger than `rtol` (default max(m, n) eps) times the largest: int32. NumPy: `linalg.matrix_rank`. */
export function matrixRank(x: TensorLike, options: Rtol = {}): Tensor {
  const { rtol } = checkOptions('matrixRank', options, 'rtol')
  const t = toMatrices('matrixRank', x)
  return rankOf(svdvals(t), rtol ?? longer(t) * epsilonOf(t))
}

export interface CondOptions {
  /** The norm: 2 (default; the ratio of the largest and the smallest singular value), -2 (its inverse), or one that `norm` knows. */
  readonly p?: number | 'fro' | 'nuc'
}

/** The condition number of `[..., m, n]` (square, but for p = 2 and -2): the norm times that of the inverse. NumPy: `linalg.cond`. */
export function cond(x: TensorLike, options: CondOptions = {}): Tensor {
  const { p = 2 } = checkOptions('cond', options, 'p')
  const t = toMatrices('cond', toTensor(x, 'cond'))
  if (t.size === 0) fail('ShapeError', `cond: an empty matrix has no condition number, got shape ${showShape(t.shape)}.`)
  if (p !== 2 && p !== -2) {
    const options = { ord: p, axis: [-2, -1] }
    return norm(toSquare('cond', t), options).mul(norm(inv(t), options))
  }
  const s = svdvals(t),
    k = s.shape.at(-1) as number
  const first = squeeze(sliceAxis(s, 0, 1, { axis: -1 }), { axis: -1 }),
    last = squeeze(sliceAxis(s, k - 1, k, { axis: -1 }), { axis: -1 })
  return p === 2 ? first.div(last) : last.div(first)
}
