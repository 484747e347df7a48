/**
 * The Cholesky factor. Matrices beyond a panel are cut in two, so that most of the work is in products: A11 = L11 L11', L21 = A21 L11^-T,
 * A22 - L21 L21' = L22 L22'. Golub & Van Loan, Matrix Computations, 4.2.
 */
import { aval } from '../aval.ts'
import { isnan } from '../primitives/comparison.ts'
import { sqrt } from '../primitives/exponential.ts'
import { iota } from '../primitives/iota.ts'
import { none, type NoParams, type SimplePrimitive } from '../primitives/primitive.ts'
import { where } from '../primitives/select.ts'
import { transpose } from '../primitives/transpose.ts'
import { bind1 } from '../program/bind.ts'
import { tril } from '../numpy/creation.ts'
import { matmul } from '../numpy/linalg.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { scan } from '../transforms/loops.ts'
import { below, beside, block, columnAt, cut, elementAt, mT, PANEL, rowNumbers, sizesOf, zeroBlock } from './blocks.ts'
import { checkMatrix, factorization, toSquare } from './factorization.ts'
import { type Matrix, get, matrix, set, total } from './matrix.ts'
import { solveTriangle } from './triangularSolve.ts'

/** `[..., n, n]` symmetric positive definite: L, lower triangular, with A = L L'. Only the lower triangle is read. */
export const choleskyP: SimplePrimitive<NoParams> = /* @__PURE__ */ factorization<NoParams>({
  name: 'cholesky',
  inputs: ['a'],
  results([a]) {
    checkMatrix('cholesky', a!)
    return [aval(a!.shape, a!.dtype)]
  },
  // dL = L phi(L^-1 dA L^-T), phi: the lower triangle with half of the diagonal. I. Murray, "Differentiation of the Cholesky decomposition", 2016, (10).
  jvp([_], [t], [l]) {
    if (t == null) return [null]
    const inner = solveTriangle(l!, mT(solveTriangle(l!, t, { lower: true })), { lower: true })
    return [matmul(l!, halfDiagonal(mT(inner)))]
  },
  transpose: none('cholesky is not linear'),
  algorithm([a]) {
    const l = factor(a!),
      n = sizesOf(l)[1]
    // A pivot that is not positive makes NaN from there on: then nothing of the result is of use.
    const last = block(l, n - 1, n, n - 1, n)
    return [tril(where(isnan(last), last, l))]
  },
  evaluate: ([a]) => [choleskyOf(a!).data],
})

/** The lower triangle, with half of the diagonal. */
const halfDiagonal = (x: Tensor): Tensor =>
  tril(x)
    .add(tril(x, { offset: -1 }))
    .mul(0.5)

function factor(a: Tensor): Tensor {
  const [, n] = sizesOf(a)
  if (n <= PANEL) return panel(a)
  const h = cut(n)
  const l11 = factor(block(a, 0, h, 0, h))
  const l21 = mT(solveTriangle(l11, mT(block(a, h, n, 0, h)), { lower: true }))
  const l22 = factor(block(a, h, n, h, n).sub(matmul(l21, mT(l21))))
  return below(beside(l11, zeroBlock(a, h, n - h)), beside(l21, l22))
}

/** Column by column; the rest is updated at once. */
function panel(a: Tensor): Tensor {
  const [, n] = sizesOf(a),
    row = rowNumbers(n)
  const [, columns] = scan<Tensor, Tensor, Tensor>(
    (rest, k) => {
      const column = columnAt(rest, k).div(sqrt(elementAt(rest, k, k)))
      const l = where(row.less(k), 0, column)
      return [rest.sub(l.mul(mT(l))), l]
    },
    a,
    iota([n]),
  )
  return transpose(columns.reshape([n, ...columns.shape.slice(1, 3)]), [1, 2, 0])
}

function choleskyOf(a: Matrix): Matrix {
  const n = a.rows,
    l = matrix(n, n)
  for (let j = 0; j < n; j++) {
    const pivot = Math.sqrt(get(a, j, j) - total(j, k => get(l, j, k) ** 2))
    if (!(pivot > 0)) return matrix(n, n, (r, c) => (c > r ? 0 : Number.NaN))
    for (let i = j; i < n; i++) set(l, i, j, (get(a, i, j) - total(j, k => get(l, i, k) * get(l, j, k))) / pivot)
  }
  return l
}

/**
 * The lower triangular L with A = L L', of symmetric positive definite matrices `[..., n, n]`. The input is symmetrised first, (A + A') / 2, and so
 * is its gradient. NaN for a matrix that is not positive definite (NumPy raises an error, which compiled code cannot). NumPy:
 * `linalg.cholesky`, JAX: `jnp.linalg.cholesky`.
 *
 * @example linalg.cholesky(array([[4, 2], [2, 5]])) // [[2, 0], [1, 2]]
 */
export function cholesky(x: TensorLike): Tensor {
  const t = toSquare('cholesky', x)
  return bind1(choleskyP, [t.add(mT(t)).mul(0.5)])
}
