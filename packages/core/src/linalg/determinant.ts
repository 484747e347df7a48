/** Determinants. Their gradient is the matrix of cofactors, which exists for singular matrices too. */
import { abs, sign as signOf } from '../primitives/arithmetic.ts'
import { astype } from '../primitives/cast.ts'
import { log } from '../primitives/exponential.ts'
import { iota } from '../primitives/iota.ts'
import { prod, sum } from '../primitives/reduce.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { expandDims, squeeze } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { cumprod } from '../primitives/cumulative.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { diagonal, trace, triu } from '../numpy/creation.ts'
import { matmul } from '../numpy/linalg.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { customJvp } from '../transforms/custom.ts'
import { scan } from '../transforms/loops.ts'
import { mT, permuteRows } from './blocks.ts'
import { toSquare } from './factorization.ts'
import { lu, solveFactored } from './lu.ts'
import { solveTriangle } from './triangularSolve.ts'

/** 1 or -1: whether the exchanges of rows are even or odd in number. */
function parity(pivots: Tensor, like: Tensor): Tensor {
  const moved = astype(pivots.equal(iota([pivots.shape.at(-1) as number])), like.dtype)
  return prod(moved.mul(2).sub(1), { axis: -1 })
}

/**
 * The adjugate of upper triangular matrices `[..., n, n]` without a division, so that zeros on the diagonal do no harm. The inverse, by back substitution
 * x_i = -(sum over k > i of u_ik x_k) / u_ii, with all denominators multiplied in: y_i = x_i u_ii ... u_jj in column j.
 */
function adjugateOfTriangle(u: Tensor): Tensor {
  const n = u.shape.at(-1) as number,
    d = diagonal(u)
  const column = iota([n])
  // z: row k is y_k times the diagonal elements between the row at hand and k.
  const [, ys] = scan<Tensor, readonly [Tensor, Tensor, Tensor], Tensor>(
    (z, [row, own, i]) => {
      const behind = squeeze(matmul(expandDims(row, -2), z), { axis: -2 }).neg()
      const y = where(column.equal(i), 1, where(column.greater(i), behind, 0))
      const next = where(iota([n, 1]).equal(i), expandDims(y, -2), z.mul(expandDims(expandDims(own, -1), -1)))
      return [next, y]
    },
    u.mul(0),
    [moveaxis(triu(u, { offset: 1 }), -2, 0), moveaxis(d, -1, 0), column],
    { reverse: true },
  )
  const one = sliceAxis(d, 0, 1, { axis: -1 }).mul(0).add(1)
  const before = concatenate([one, sliceAxis(cumprod(d, { axis: -1 }), 0, n - 1, { axis: -1 })], { axis: -1 })
  const after = concatenate([sliceAxis(cumprod(d, { axis: -1, reverse: true }), 1, n, { axis: -1 }), one], { axis: -1 })
  return expandDims(before, -1)
    .mul(moveaxis(ys, 0, -2))
    .mul(expandDims(after, -2))
}

const determinant = (factors: Tensor, pivots: Tensor): Tensor => parity(pivots, factors).mul(prod(diagonal(factors), { axis: -1 }))

/** d det A = tr(adj(A) dA), Jacobi's formula; with P A = L U, adj(A) = det(P) adj(U) L^-1 P. */
const detByLu = /* @__PURE__ */ customJvp(
  function det(a: Tensor): Tensor {
    const [factors, pivots] = lu(a)
    return determinant(factors, pivots)
  },
  ([a], [da]) => {
    const [factors, pivots, order] = lu(a)
    const moved = solveTriangle(factors, permuteRows(da, order), { lower: true, unitDiagonal: true })
    const tangent = sum(adjugateOfTriangle(triu(factors)).mul(mT(moved)), { axis: [-2, -1] })
    return [determinant(factors, pivots), parity(pivots, factors).mul(tangent)]
  },
)

/** Up to 3 rows by the definition, whose derivatives of all orders are exact. */
function detOfSmall(a: Tensor): Tensor {
  const n = a.shape.at(-1) as number
  const at = (i: number, j: number): Tensor =>
    squeeze(sliceAxis(sliceAxis(a, i, i + 1, { axis: -2 }), j, j + 1, { axis: -1 }), { axis: [-2, -1] })
  const minor = (i: number, j: number): Tensor =>
    at(1, i)
      .mul(at(2, j))
      .sub(at(1, j).mul(at(2, i)))
  if (n === 1) return at(0, 0)
  if (n === 2)
    return at(0, 0)
      .mul(at(1, 1))
      .sub(at(0, 1).mul(at(1, 0)))
  return at(0, 0)
    .mul(minor(1, 2))
    .sub(at(0, 1).mul(minor(0, 2)))
    .add(at(0, 2).mul(minor(0, 1)))
}

/**
 * The determinant of `[..., n, n]`: `[...]`. The gradient is right for singular matrices as well. For large matrices use `slogdet`, which does not
 * overflow. NumPy: `linalg.det`.
 */
export function det(x: TensorLike): Tensor {
  const t = toSquare('det', x),
    n = t.shape.at(-1) as number
  if (n === 0) return broadcastTo(astype(1, t.dtype), t.shape.slice(0, -2))
  return n <= 3 ? detOfSmall(t) : detByLu(t)
}

type SignAndLog = readonly [sign: Tensor, logabsdet: Tensor]

function signAndLog(factors: Tensor, pivots: Tensor): SignAndLog {
  const d = diagonal(factors)
  return [parity(pivots, factors).mul(prod(signOf(d), { axis: -1 })), sum(log(abs(d)), { axis: -1 })]
}

/** d log |det A| = tr(A^-1 dA). Giles, "Collected matrix derivative results", 2008, 2.2.5. */
const slogdetOf = /* @__PURE__ */ customJvp(
  function slogdet(a: Tensor): SignAndLog {
    const [factors, pivots] = lu(a)
    return signAndLog(factors, pivots)
  },
  ([a], [da]): readonly [SignAndLog, SignAndLog] => {
    const [factors, pivots, order] = lu(a)
    const [sign, logabsdet] = signAndLog(factors, pivots)
    return [
      [sign, logabsdet],
      [sign.mul(0), trace(solveFactored(factors, order, da))],
    ]
  },
)

/**
 * Sign and logarithm of the magnitude of the determinant of `[..., n, n]`: `[sign, logabsdet]`, 0 and -Infinity for a singular matrix. NumPy:
 * `linalg.slogdet`.
 *
 * @example linalg.slogdet(array([[2, 1], [1, 3]])) // [1, log 5]
 */
export function slogdet(x: TensorLike): SignAndLog {
  return slogdetOf(toSquare('slogdet', x))
}
