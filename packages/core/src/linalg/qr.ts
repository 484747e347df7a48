/**
 * Householder QR. Reflections are gathered in the compact form I - V T V' (R. Schreiber & C. Van Loan, "A storage-efficient WY representation for
 * products of Householder transformations", 1989), and beyond a panel the columns are cut in two: E. Elmroth & F. Gustavson, "Applying
 * recursion to serial and parallel QR factorization", 2000. Signs are LAPACK's.
 */
import { aval } from '../aval.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { iota } from '../primitives/iota.ts'
import { addTangents } from '../primitives/linear.ts'
import { none, type SimplePrimitive } from '../primitives/primitive.ts'
import { sum } from '../primitives/reduce.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { sqrt } from '../primitives/exponential.ts'
import { bind } from '../program/bind.ts'
import { tril, triu } from '../numpy/creation.ts'
import { matmul } from '../numpy/linalg.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { scan } from '../transforms/loops.ts'
import {
  below,
  beside,
  columnAt,
  columnNumbers,
  columnsOf,
  cut,
  elementAt,
  identityStack,
  mT,
  PANEL,
  rowNumbers,
  rowsOf,
  scaleOf,
  sizesOf,
  zeroBlock,
} from './blocks.ts'
import { checkMatrix, factorization, toMatrices } from './factorization.ts'
import { type Matrix, copy, get, matrix, set, total } from './matrix.ts'
import { solveTriangle } from './triangularSolve.ts'

interface QrParams {
  /** Q is `[m, m]` although m > n. */
  readonly complete: boolean
}

/** `[..., m, n]`: Q `[..., m, k]` and R `[..., k, n]`, k = min(m, n), or m if complete. */
export const qrP: SimplePrimitive<QrParams> = /* @__PURE__ */ factorization<QrParams>({
  name: 'qr',
  inputs: ['a'],
  results([a], { complete }) {
    checkMatrix('qr', a!)
    const [m, n] = a!.shape as readonly [number, number],
      k = complete ? m : Math.min(m, n)
    return [aval([m, k], a!.dtype), aval([k, n], a!.dtype)]
  },
  jvp: ([_], [t], [q, r], { complete }) => {
    if (complete)
      fail(
        'GradientError',
        "qr: the further columns of a complete Q are any basis, so that there is no derivative by a matrix with more rows than columns. Use mode 'reduced' (for svd: { fullMatrices: false }).",
      )
    return t == null ? [null, null] : tangentsOf(t, q!, r!)
  },
  transpose: none('qr is not linear'),
  algorithm([a], { complete }) {
    const [, m, n] = sizesOf(a!),
      k = complete ? m : Math.min(m, n)
    if (n === 0) return [identityStack(a!, m, k), zeroBlock(a!, k, 0)]
    const scale = scaleOf(a!)
    const { v, t, r } = factor(a!.div(scale))
    const q = identityStack(a!, m, k).sub(matmul(v, matmul(t, mT(rowsOf(v, 0, k)))))
    return [q, triu(rowsOf(r, 0, k)).mul(scale)]
  },
  evaluate: ([a], { complete }) => householder(a!, complete ? a!.rows : Math.min(a!.rows, a!.columns)).map(x => x.data),
})

/**
 * With F = Q' dA R^-1 and the antisymmetric W = stril(F) - stril(F)': dQ = Q (W - F) + dA R^-1, dR = (F - W) R. S. Walter, L. Lehmann & R. Lamour,
 * "On evaluating higher-order derivatives of the QR decomposition of tall matrices ...", 2012. The columns beyond the m-th of a
 * wide matrix are R2 = Q' A2.
 */
function tangentsOf(t: Tensor, q: Tensor, r: Tensor): readonly [Tensor, Tensor] {
  const [m, n] = t.shape.slice(-2) as [number, number],
    k = Math.min(m, n)
  const r1 = sliceAxis(r, 0, k, { axis: -1 })
  const scaled = mT(solveTriangle(r1, mT(sliceAxis(t, 0, k, { axis: -1 })), { transposeA: true }))
  const f = matmul(mT(q), scaled),
    lower = tril(f, { offset: -1 }),
    w = lower.sub(mT(lower))
  const dq = matmul(q, w.sub(f)).add(scaled),
    dr1 = matmul(f.sub(w), r1)
  if (n <= m) return [dq, dr1]
  const a2 = matmul(q, sliceAxis(r, k, n, { axis: -1 }))
  const dr2 = addTangents(matmul(mT(dq), a2), matmul(mT(q), sliceAxis(t, k, n, { axis: -1 }))) as Tensor
  return [dq, concatenate([dr1, dr2], { axis: -1 })]
}

/** Q' A = R with Q = I - V T V': V `[m, k]` with ones on the diagonal, T `[k, k]` upper triangular, R `[m, n]`. */
interface Reflections {
  readonly v: Tensor
  readonly t: Tensor
  readonly r: Tensor
}

function factor(a: Tensor): Reflections {
  const [, m, n] = sizesOf(a),
    k = Math.min(m, n)
  if (k <= PANEL) return panel(a)
  const h = cut(k)
  const left = factor(columnsOf(a, 0, h)),
    right = columnsOf(a, h, n)
  const moved = right.sub(matmul(left.v, matmul(mT(left.t), matmul(mT(left.v), right))))
  const rest = factor(rowsOf(moved, h, m))
  const v2 = below(zeroBlock(a, h, k - h), rest.v)
  const t12 = matmul(left.t, matmul(matmul(mT(left.v), v2), rest.t)).neg()
  return {
    v: beside(left.v, v2),
    t: below(beside(left.t, t12), beside(zeroBlock(a, k - h, h), rest.t)),
    r: below(beside(rowsOf(left.r, 0, h), rowsOf(moved, 0, h)), beside(zeroBlock(a, m - h, h), rest.r)),
  }
}

/** Column by column: a reflection I - tau v v' makes zeros below the diagonal (LAPACK's dlarfg: none if they are there already). */
function panel(a: Tensor): Reflections {
  const [, m, n] = sizesOf(a),
    k = Math.min(m, n)
  const row = rowNumbers(m),
    column = columnNumbers(n)
  const [[r, v, t]] = scan<readonly [Tensor, Tensor, Tensor], Tensor, null>(
    ([rest, v, t], j) => {
      const x = columnAt(rest, j),
        alpha = elementAt(rest, j, j)
      const tail = sum(where(row.greater(j), x.mul(x), 0), { axis: 1, keepdims: true })
      const norm = sqrt(alpha.mul(alpha).add(tail)),
        none = tail.equal(0)
      const beta = where(none, alpha, where(alpha.less(0), norm, norm.neg()))
      const tau = where(none, 0, beta.sub(alpha).div(where(none, 1, beta)))
      const own = where(row.equal(j), 1, where(row.greater(j), where(none, 0, x.div(where(none, 1, alpha.sub(beta)))), 0))
      const next = rest.sub(own.mul(tau.mul(matmul(mT(own), rest))))
      // Known exactly: the column itself.
      const settled = where(column.equal(j), where(row.equal(j), beta, where(row.greater(j), 0, rest)), next)
      const across = matmul(t, matmul(mT(v), own)).mul(tau.neg())
      const tColumn = where(rowNumbers(k).equal(j), tau, across)
      const isOwn = columnNumbers(k).equal(j)
      return [[settled, where(isOwn, own, v), where(isOwn, tColumn, t)], null]
    },
    [a, zeroBlock(a, m, k), zeroBlock(a, k, k)],
    iota([k]),
  )
  return { r, v, t }
}

/** Q of k columns and R of k rows, one reflection after the other. Golub & Van Loan, Matrix Computations, 5.2. */
export function householder(a: Matrix, k: number): readonly [q: Matrix, r: Matrix] {
  const { rows: m, columns: n } = a
  const r = copy(a),
    q = matrix(m, m, (i, j) => (i === j ? 1 : 0))
  for (let j = 0; j < Math.min(m, n); j++) {
    const tail = total(m - j - 1, i => get(r, j + 1 + i, j) ** 2)
    if (tail === 0) continue
    const alpha = get(r, j, j),
      beta = (alpha < 0 ? 1 : -1) * Math.sqrt(alpha * alpha + tail),
      tau = (beta - alpha) / beta
    const v = Array.from({ length: m }, (_, i) => (i < j ? 0 : i === j ? 1 : get(r, i, j) / (alpha - beta)))
    for (let c = 0; c < n; c++) {
      const s = total(m, i => (v[i] as number) * get(r, i, c))
      for (let i = 0; i < m; i++) set(r, i, c, get(r, i, c) - tau * (v[i] as number) * s)
    }
    for (let i = 0; i < m; i++) {
      const s = total(m, c => get(q, i, c) * (v[c] as number))
      for (let c = 0; c < m; c++) set(q, i, c, get(q, i, c) - tau * s * (v[c] as number))
    }
  }
  return [matrix(m, k, (i, j) => get(q, i, j)), matrix(k, n, (i, j) => (j >= i ? get(r, i, j) : 0))]
}

export interface QrOptions {
  /** `reduced` (default): Q `[..., m, k]` with k = min(m, n). `complete`: Q `[..., m, m]`, for m > n without derivatives. */
  readonly mode?: 'reduced' | 'complete'
}

/**
 * A = Q R with orthonormal columns of Q and upper triangular R, of `[..., m, n]`: `[q, r]`. Signs are LAPACK's: the diagonal of R may be negative. The
 * derivative needs linearly independent columns (of a wide matrix: the first m). NumPy: `linalg.qr`.
 */
export function qr(x: TensorLike, options: QrOptions = {}): readonly [q: Tensor, r: Tensor] {
  const { mode = 'reduced' } = checkOptions('qr', options, 'mode')
  const t = toMatrices('qr', x)
  if (mode !== 'reduced' && mode !== 'complete')
    fail('ValueError', `qr: mode must be 'reduced' or 'complete', got ${String(mode)}. For R alone take the second result.`)
  const complete = mode === 'complete' && (t.shape.at(-2) as number) > (t.shape.at(-1) as number)
  return bind(qrP, [t], { complete }) as readonly Tensor[] as readonly [Tensor, Tensor]
}
