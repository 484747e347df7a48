/** Eigenvalues and eigenvectors of symmetric matrices, by cyclic Jacobi rotations. Golub & Van Loan, Matrix Computations, 8.5. */
import { type Aval, aval } from '../aval.ts'
import { abs } from '../primitives/arithmetic.ts'
import { astype } from '../primitives/cast.ts'
import { none, type NoParams, type SimplePrimitive } from '../primitives/primitive.ts'
import { expandDims, reshape } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { argsort } from '../primitives/sort.ts'
import { bind } from '../program/bind.ts'
import { diagonal } from '../numpy/creation.ts'
import { takeAlongAxis } from '../numpy/indexing.ts'
import { matmul } from '../numpy/linalg.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { below, beside, block, identityStack, mT, permuteColumns, scaleOf, sizesOf, zeroBlock } from './blocks.ts'
import { checkMatrix, factorization, toSquare } from './factorization.ts'
import { columnSigns, rotate, rotations, sweeps } from './jacobi.ts'
import {
  type Matrix,
  arranged,
  columnSigns as signsOf,
  copy,
  get,
  jacobiRotation,
  matrix,
  rotateColumns,
  set,
  transposed,
} from './matrix.ts'

/** The distance of 1 to the next number. */
export const epsilonOf = (x: { readonly dtype: Aval['dtype'] }): number => (x.dtype === 'float64' ? 2 ** -52 : 2 ** -23)

/** `[..., n, n]` symmetric: eigenvalues `[..., n]` in ascending order, eigenvectors in the columns of `[..., n, n]`. */
export const eighP: SimplePrimitive<NoParams> = /* @__PURE__ */ factorization<NoParams>({
  name: 'eigh',
  inputs: ['a'],
  results([a]) {
    checkMatrix('eigh', a!)
    return [aval(a!.shape.slice(0, 1), a!.dtype), aval(a!.shape, a!.dtype)]
  },
  // dw = diag(V' dA V), dV = V (F o V' dA V) with F_ij = 1 / (w_j - w_i). Giles, "Collected matrix derivative results", 2008, 3.1.
  jvp([_], [t], [w, v]) {
    if (t == null) return [null, null]
    const inner = matmul(mT(v!), matmul(t, v!))
    return [diagonal(inner), matmul(v!, inner.mul(reciprocalGaps(w!)))]
  },
  transpose: none('eigh is not linear'),
  algorithm: ([a]) => eigenOf(a!),
  evaluate: ([a]) => jacobi(a!),
})

/**
 * 1 / (w_j - w_i) for `[..., n]`, and 0 where they are equal to working accuracy: there the eigenvectors have no derivative, and none is taken.
 */
export function reciprocalGaps(w: Tensor): Tensor {
  const n = w.shape.at(-1) as number
  const gaps = expandDims(w, -2).sub(expandDims(w, -1))
  const size = abs(expandDims(w, -2)).add(abs(expandDims(w, -1)))
  const equal = where(abs(gaps).greater(size.mul(n * epsilonOf(w))), false, true)
  return where(equal, 0, where(equal, 1, gaps).pow(-1))
}

function eigenOf(a: Tensor): readonly Tensor[] {
  const [batch, n] = sizesOf(a),
    scale = scaleOf(a),
    even = n + (n % 2)
  const start: readonly [Tensor, Tensor] = [grown(a.div(scale), even), identityStack(a, even, even)]
  const [turned, vectors] = sweeps(start, even, epsilonOf(a) / 4, round)
  const w = diagonal(block(turned, 0, n, 0, n)),
    order = argsort(w, { axis: 1 })
  const columns = permuteColumns(block(vectors, 0, n, 0, n), order)
  return [takeAlongAxis(w, order, 1, { mode: 'clip' }).mul(reshape(scale, [batch, 1])), columns.mul(columnSigns(columns))]
}

/** With rows and columns of zeros up to `size`, which no rotation turns. */
export function grown(a: Tensor, size: number): Tensor {
  const [, m, n] = sizesOf(a)
  const wide = size > n ? beside(a, zeroBlock(a, m, size - n)) : a
  return size > m ? below(wide, zeroBlock(a, size - m, size)) : wide
}

/** J' A J and V J for the rotations of one round. */
function round([a, v]: readonly [Tensor, Tensor]): readonly [readonly [Tensor, Tensor], Tensor] {
  const [, n] = sizesOf(a),
    h = n / 2
  const product = diagonal(block(a, 0, h, h, n))
  const turn = rotations(diagonal(block(a, 0, h, 0, h)), diagonal(block(a, h, n, h, n)), product)
  const across = { sine: expandDims(turn.sine, 2), tau: expandDims(turn.tau, 2) },
    along = { sine: expandDims(turn.sine, 1), tau: expandDims(turn.tau, 1) }
  // Relative to the whole matrix, whose largest element was scaled to 1..2.
  return [[rotate(rotate(a, across, 1), along, 2), rotate(v, along, 2)], astype(abs(product), 'float32')]
}

function jacobi(given: Matrix): readonly (readonly number[] | Float64Array)[] {
  const a = copy(given),
    n = a.rows,
    v = matrix(n, n, (i, j) => (i === j ? 1 : 0))
  for (let sweep = 0; sweep < 40; sweep++) {
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) {
        const [c, s] = jacobiRotation(get(a, i, i), get(a, j, j), get(a, i, j))
        rotateColumns(a, i, j, c, s)
        const other = transposed(a)
        rotateColumns(other, i, j, c, s)
        for (let k = 0; k < n * n; k++) a.data[k] = transposed(other).data[k] as number
        rotateColumns(v, i, j, c, s)
        set(a, i, j, 0)
        set(a, j, i, 0)
      }
  }
  const w = Array.from({ length: n }, (_, i) => get(a, i, i))
  const order = w.map((_, i) => i).sort((i, j) => (w[i] as number) - (w[j] as number))
  const columns = arranged(
    v,
    order,
    w.map(() => 1),
  )
  const all = order.map((_, i) => i)
  return [order.map(i => w[i] as number), arranged(columns, all, signsOf(columns)).data]
}

/**
 * Eigenvalues `[..., n]` in ascending order and eigenvectors (the columns of `[..., n, n]`) of symmetric matrices: `[w, v]` with A V = V diag(w). The
 * input is symmetrised first, (A + A') / 2, and so is its gradient. The largest element of each vector is positive. Where eigenvalues are equal,
 * their vectors are any basis and have no derivative: it is taken as zero, so that gradients are finite. NumPy: `linalg.eigh`.
 */
export function eigh(x: TensorLike): readonly [w: Tensor, v: Tensor] {
  return decompose('eigh', x)
}

/** The eigenvalues of symmetric matrices `[..., n, n]`, in ascending order. NumPy: `linalg.eigvalsh`. */
export function eigvalsh(x: TensorLike): Tensor {
  return decompose('eigvalsh', x)[0]
}

function decompose(where: string, x: TensorLike): readonly [w: Tensor, v: Tensor] {
  const t = toSquare(where, x)
  return bind(eighP, [t.add(mT(t)).mul(0.5)], {}) as readonly Tensor[] as readonly [Tensor, Tensor]
}
