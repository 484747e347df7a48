/**
 * The singular value decomposition by one-sided Jacobi rotations of the triangular factor: accurate for small singular values too. J. Demmel & K.
 * Veselic, "Jacobi's method is more accurate than QR", 1992; Z. Drmac & K. Veselic, "New fast and accurate Jacobi SVD algorithm", 2008.
 */
import { aval } from '../aval.ts'
import { checkOptions } from '../options.ts'
import { abs } from '../primitives/arithmetic.ts'
import { astype } from '../primitives/cast.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { sqrt } from '../primitives/exponential.ts'
import { none, type NoParams, type SimplePrimitive } from '../primitives/primitive.ts'
import { sum } from '../primitives/reduce.ts'
import { expandDims, reshape } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { argsort } from '../primitives/sort.ts'
import { bind } from '../program/bind.ts'
import { diagonal } from '../numpy/creation.ts'
import { takeAlongAxis } from '../numpy/indexing.ts'
import { matmul } from '../numpy/linalg.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { block, identityStack, mT, permuteColumns, scaleOf, sizesOf } from './blocks.ts'
import { epsilonOf, grown, reciprocalGaps } from './eigh.ts'
import { checkMatrix, factorization, toMatrices } from './factorization.ts'
import { columnSigns, halves, rotate, rotations, sweeps } from './jacobi.ts'
import {
  type Matrix,
  arranged,
  columnSigns as signsOf,
  copy,
  get,
  jacobiRotation,
  matrix,
  rotateColumns,
  total,
  transposed,
} from './matrix.ts'
import { householder, qr } from './qr.ts'

/** `[..., m, n]`: U `[..., m, k]`, singular values `[..., k]` in descending order, V' `[..., k, n]`, k = min(m, n). */
export const svdP: SimplePrimitive<NoParams> = /* @__PURE__ */ factorization<NoParams>({
  name: 'svd',
  inputs: ['a'],
  results([a]) {
    checkMatrix('svd', a!)
    const [m, n] = a!.shape as readonly [number, number],
      k = Math.min(m, n)
    return [aval([m, k], a!.dtype), aval([k], a!.dtype), aval([k, n], a!.dtype)]
  },
  jvp: ([_], [t], [u, s, vt]) => (t == null ? [null, null, null] : tangentsOf(t, u!, s!, vt!)),
  transpose: none('svd is not linear'),
  algorithm([a]) {
    const [, m, n] = sizesOf(a!)
    if (m >= n) return tallSvd(a!)
    const [u, s, vt] = tallSvd(mT(a!))
    return [mT(vt), s, mT(u)]
  },
  evaluate: ([a]) => hestenes(a!),
})

/**
 * With P = U' dA V: ds = diag(P), dU = U (F o (P S + S P')) + (I - U U') dA V / s, dV alike, where F_ij = 1 / (s_j^2 - s_i^2). J. Townsend,
 * "Differentiating the singular value decomposition", 2016. Where singular values are equal or zero, the factor is taken as 0.
 */
function tangentsOf(t: Tensor, u: Tensor, s: Tensor, vt: Tensor): readonly Tensor[] {
  const v = mT(vt),
    [m, n] = t.shape.slice(-2) as [number, number]
  const p = matmul(mT(u), matmul(t, v))
  const row = expandDims(s, -2),
    column = expandDims(s, -1)
  const sums = row.add(column),
    f = reciprocalGaps(s).mul(where(sums.equal(0), 0, where(sums.equal(0), 1, sums).pow(-1)))
  const right = p.mul(row),
    left = p.mul(column)
  const du = matmul(u, f.mul(right.add(mT(right)))),
    dv = matmul(v, f.mul(left.add(mT(left))))
  const inverse = where(row.equal(0), 0, where(row.equal(0), 1, row).pow(-1))
  const outside = (basis: Tensor, moved: Tensor): Tensor => moved.sub(matmul(basis, matmul(mT(basis), moved))).mul(inverse)
  return [m > n ? du.add(outside(u, matmul(t, v))) : du, diagonal(p), mT(n > m ? dv.add(outside(v, matmul(mT(t), u))) : dv)]
}

/** m >= n: A = Q R, R J = W with orthogonal columns, whose lengths are the singular values; a QR of W makes an orthonormal basis of them. */
function tallSvd(a: Tensor): readonly [Tensor, Tensor, Tensor] {
  const [batch, m, n] = sizesOf(a),
    scale = scaleOf(a),
    scaled = a.div(scale)
  const [q, r] = m > n ? qr(scaled) : [null, scaled]
  const even = n + (n % 2),
    start: readonly [Tensor, Tensor] = [grown(r, even), identityStack(a, even, even)]
  const [w, v] = sweeps(start, even, Math.max(4, n) * epsilonOf(a), round).map(x => block(x, 0, n, 0, n)) as [Tensor, Tensor]
  const lengths = sqrt(sum(w.mul(w), { axis: 1 })),
    order = argsort(lengths, { axis: 1, descending: true })
  const [basis, triangle] = qr(permuteColumns(w, order))
  // Columns of W that are zero are completed to a basis by the QR.
  const signed = basis.mul(expandDims(where(diagonal(triangle).less(0), -1, 1), 1))
  const u = q === null ? signed : matmul(q, signed)
  const signs = columnSigns(u)
  const s = takeAlongAxis(lengths, order, 1, { mode: 'clip' }).mul(reshape(scale, [batch, 1]))
  return [u.mul(signs), s, mT(permuteColumns(v, order).mul(signs))]
}

/** W J and V J for the rotations of one round, and the cosines between the columns. */
function round([w, v]: readonly [Tensor, Tensor]): readonly [readonly [Tensor, Tensor], Tensor] {
  const [x, y] = halves(w, 2)
  const first = sum(x.mul(x), { axis: 1, keepdims: true }),
    second = sum(y.mul(y), { axis: 1, keepdims: true }),
    product = sum(x.mul(y), { axis: 1, keepdims: true })
  const turn = rotations(first, second, product)
  const size = sqrt(first).mul(sqrt(second)),
    isZero = size.equal(0)
  const far = where(isZero, 0, abs(product).div(where(isZero, 1, size)))
  return [[rotate(w, turn, 2), rotate(v, turn, 2)], astype(far, 'float32')]
}

/** Hestenes' rotations until nothing turns, on the matrix or its transpose; the basis is completed by Householder's QR. */
function hestenes(a: Matrix): readonly (readonly number[] | Float64Array)[] {
  if (a.rows < a.columns) {
    const [u, s, vt] = tall(transposed(a))
    return [transposed(vt).data, s, transposed(u).data]
  }
  const [u, s, vt] = tall(a)
  return [u.data, s, vt.data]
}

function tall(a: Matrix): readonly [Matrix, readonly number[], Matrix] {
  const w = copy(a),
    n = a.columns,
    v = matrix(n, n, (i, j) => (i === j ? 1 : 0))
  const product = (i: number, j: number): number => total(w.rows, k => get(w, k, i) * get(w, k, j))
  for (let sweep = 0; sweep < 40; sweep++)
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) {
        const [c, s] = jacobiRotation(product(i, i), product(j, j), product(i, j))
        rotateColumns(w, i, j, c, s)
        rotateColumns(v, i, j, c, s)
      }
  const lengths = Array.from({ length: n }, (_, j) => Math.sqrt(product(j, j)))
  const order = lengths.map((_, j) => j).sort((i, j) => (lengths[j] as number) - (lengths[i] as number)),
    plain = order.map(() => 1),
    all = order.map((_, j) => j)
  const [basis, r] = householder(arranged(w, order, plain), n)
  const u = arranged(
    basis,
    all,
    all.map(j => (get(r, j, j) < 0 ? -1 : 1)),
  )
  const signs = signsOf(u)
  return [arranged(u, all, signs), order.map(j => lengths[j] as number), transposed(arranged(arranged(v, order, plain), all, signs))]
}

export interface SvdOptions {
  /** U `[..., m, m]` and V' `[..., n, n]` (default, as NumPy; without derivatives unless m = n), or only their first min(m, n) columns and rows. */
  readonly fullMatrices?: boolean
}

/**
 * A = U diag(s) V' of `[..., m, n]`: `[u, s, vh]` with s in descending order. The largest element of each column of U (of a wide matrix: of each row
 * of V') is positive. Where singular values are equal or zero, their vectors have no derivative, and it is taken as zero. NumPy: `linalg.svd`.
 */
export function svd(x: TensorLike, options: SvdOptions = {}): readonly [u: Tensor, s: Tensor, vh: Tensor] {
  const { fullMatrices = true } = checkOptions('svd', options, 'fullMatrices')
  const [u, s, vh] = decompose('svd', x)
  return fullMatrices ? [completed(u), s, mT(completed(mT(vh)))] : [u, s, vh]
}

/** Orthonormal columns and further ones, up to a square matrix. */
function completed(u: Tensor): Tensor {
  const [m, k] = u.shape.slice(-2) as [number, number]
  return m === k ? u : concatenate([u, sliceAxis(qr(u, { mode: 'complete' })[0], k, m, { axis: -1 })], { axis: -1 })
}

/** The singular values of `[..., m, n]`, in descending order. NumPy: `linalg.svdvals`. */
export function svdvals(x: TensorLike): Tensor {
  return decompose('svdvals', x)[1]
}

const decompose = (where: string, x: TensorLike): readonly [u: Tensor, s: Tensor, vh: Tensor] =>
  bind(svdP, [toMatrices(where, x)], {}) as readonly Tensor[] as readonly [Tensor, Tensor, Tensor]
