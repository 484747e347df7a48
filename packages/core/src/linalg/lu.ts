/**
 * LU with partial pivoting. Beyond a panel the columns are cut in two: the left half is factored, the right half follows by a triangular solve
 * and a product, and what remains is factored in turn. S. Toledo, "Locality of reference in LU decomposition with partial pivoting", 1997.
 */
import { aval } from '../aval.ts'
import { abs } from '../primitives/arithmetic.ts'
import { argmax } from '../primitives/argreduce.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { scalarOf } from '../primitives/cast.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { iota } from '../primitives/iota.ts'
import { none, type NoParams, type SimplePrimitive } from '../primitives/primitive.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { transpose } from '../primitives/transpose.ts'
import { expandDims, reshape } from '../primitives/reshape.ts'
import { bind } from '../program/bind.ts'
import { eye, tril, triu } from '../numpy/creation.ts'
import { takeAlongAxis } from '../numpy/indexing.ts'
import { matmul } from '../numpy/linalg.ts'
import { pad } from '../numpy/padding.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { scan } from '../transforms/loops.ts'
import {
  below,
  beside,
  block,
  columnAt,
  columnNumbers,
  columnsOf,
  cut,
  mT,
  PANEL,
  permuteRows,
  rowAt,
  rowNumbers,
  rowsOf,
  sizesOf,
} from './blocks.ts'
import { checkMatrix, factorization, toMatrices } from './factorization.ts'
import { type Matrix, copy, get, set } from './matrix.ts'
import { solveTriangle } from './triangularSolve.ts'

/** `[..., m, n]`: L and U in one matrix, the row that each step swapped in, and the order of the rows. */
export const luP: SimplePrimitive<NoParams> = /* @__PURE__ */ factorization<NoParams>({
  name: 'lu',
  inputs: ['a'],
  results([a]) {
    checkMatrix('lu', a!)
    const [m, n] = a!.shape as readonly [number, number]
    return [aval([m, n], a!.dtype), aval([Math.min(m, n)], 'int32'), aval([m], 'int32')]
  },
  jvp: ([_], [t], [lu, , order]) => [t == null ? null : tangentOf(t, lu!, order!), null, null],
  transpose: none('lu is not linear'),
  algorithm([a]) {
    const [batch] = sizesOf(a!),
      { lu, pivots, order } = factor(a!)
    return [lu, broadcastTo(pivots, [batch, pivots.shape[1] as number]), order]
  },
  evaluate: ([a]) => {
    const { lu, pivots, order } = luOf(a!)
    return [lu.data, pivots, order]
  },
})

/**
 * P A = L U: with F = L^-1 P dA U^-1, dL = L stril(F) and dU = triu(F) U. De Hoog, Anderssen & Lukas, "Differentiation of matrix functionals
 * using triangular factorization", 2011; for matrices that are not square as in jax.lax.linalg.lu: L and U are continued by the identity.
 */
function tangentOf(t: Tensor, lu: Tensor, order: Tensor): Tensor {
  const [m, n] = t.shape.slice(-2) as [number, number],
    k = Math.min(m, n),
    { dtype } = t
  const grown = (x: Tensor, size: number): Tensor => {
    const [r, c] = x.shape.slice(-2) as [number, number]
    return pad(x, [...x.shape.slice(0, -2).map(() => [0, 0] as const), [0, size - r], [0, size - c]])
  }
  const rest = (size: number): Tensor => pad(eye(size - k, { dtype }), [[k, 0] as const, [k, 0] as const])
  const l = grown(tril(sliceAxis(lu, 0, k, { axis: -1 }), { offset: -1 }), m).add(eye(m, { dtype }))
  const u = grown(triu(sliceAxis(lu, 0, k, { axis: -2 })), n).add(rest(n))
  const left = solveTriangle(l, permuteRows(t, order), { lower: true, unitDiagonal: true })
  const f = mT(solveTriangle(u, mT(left), { transposeA: true }))
  return matmul(l, tril(f, { offset: -1 })).add(matmul(triu(f), u))
}

interface Factors {
  readonly lu: Tensor
  readonly pivots: Tensor
  readonly order: Tensor
}

function factor(a: Tensor): Factors {
  const [, m, n] = sizesOf(a),
    k = Math.min(m, n)
  if (k <= PANEL) return panel(a)
  const h = cut(k)
  const left = factor(columnsOf(a, 0, h)),
    right = permuteRows(columnsOf(a, h, n), left.order)
  const u12 = solveTriangle(rowsOf(left.lu, 0, h), rowsOf(right, 0, h), { lower: true, unitDiagonal: true })
  const l21 = rowsOf(left.lu, h, m)
  const rest = factor(block(right, h, m, 0, n - h).sub(matmul(l21, u12)))
  const head = sliceAxis(left.order, 0, h, { axis: 1 }),
    tail = sliceAxis(left.order, h, m, { axis: 1 })
  return {
    lu: below(beside(rowsOf(left.lu, 0, h), u12), beside(permuteRows(l21, rest.order), rest.lu)),
    pivots: concatenate([left.pivots, rest.pivots.add(scalarOf(h, 'int32'))], { axis: 1 }),
    order: concatenate([head, takeAlongAxis(tail, rest.order, 1, { mode: 'clip' })], { axis: 1 }),
  }
}

/** Column by column: the largest element below comes up, its row is taken off the others. */
function panel(a: Tensor): Factors {
  const [batch, m, n] = sizesOf(a),
    steps = Math.min(m, n)
  const row = rowNumbers(m),
    column = columnNumbers(n),
    place = iota([1, m], { axis: 1 })
  const [[lu, order], pivots] = scan<readonly [Tensor, Tensor], Tensor, Tensor>(
    ([rest, order], k) => {
      const candidates = where(row.less(k), -1, abs(columnAt(rest, k)))
      const p = argmax(candidates, { axis: 1 }) // [batch, 1]
      const at = expandDims(p, 2)
      const own = rowAt(rest, k),
        chosen = permuteRows(rest, p)
      const swapped = where(row.equal(k), chosen, where(row.equal(at), own, rest))
      const pivot = columnAt(chosen, k)
      const below = where(row.greater(k), columnAt(swapped, k), 0)
      // A column of zeros has nothing to eliminate.
      const l = where(pivot.equal(0), below, below.div(where(pivot.equal(0), 1, pivot)))
      const next = where(row.greater(k), where(column.greater(k), swapped.sub(l.mul(chosen)), where(column.equal(k), l, swapped)), swapped)
      const first = takeAlongAxis(order, p, 1, { mode: 'clip' }),
        second = takeAlongAxis(order, broadcastTo(reshape(k, [1, 1]), p.shape), 1, { mode: 'clip' })
      return [[next, where(place.equal(k), first, where(place.equal(p), second, order))], p]
    },
    [a, broadcastTo(place, [batch, m])],
    iota([steps]),
  )
  return { lu, order, pivots: transpose(reshape(pivots, [steps, batch]), [1, 0]) }
}

function luOf(a: Matrix): { readonly lu: Matrix; readonly pivots: number[]; readonly order: number[] } {
  const lu = copy(a),
    pivots: number[] = [],
    order = Array.from({ length: a.rows }, (_, i) => i)
  for (let k = 0; k < Math.min(a.rows, a.columns); k++) {
    let p = k
    for (let i = k + 1; i < a.rows; i++) if (Math.abs(get(lu, i, k)) > Math.abs(get(lu, p, k))) p = i
    pivots.push(p)
    for (let j = 0; j < a.columns; j++) {
      const x = get(lu, k, j)
      set(lu, k, j, get(lu, p, j))
      set(lu, p, j, x)
    }
    ;[order[k], order[p]] = [order[p] as number, order[k] as number]
    if (get(lu, k, k) === 0) continue
    for (let i = k + 1; i < a.rows; i++) {
      set(lu, i, k, get(lu, i, k) / get(lu, k, k))
      for (let j = k + 1; j < a.columns; j++) set(lu, i, j, get(lu, i, j) - get(lu, i, k) * get(lu, k, j))
    }
  }
  return { lu, pivots, order }
}

/**
 * LU factorisation with partial pivoting of `[..., m, n]`: `[lu, pivots, permutation]`. Rows `permutation` of A are L U, where `lu` holds U on and
 * above the diagonal, and below it L, whose diagonal is 1. `pivots` `[..., min(m, n)]`: the row that each step exchanged with its
 * own; both int32. JAX: `lax.linalg.lu`.
 */
export function lu(x: TensorLike): readonly [lu: Tensor, pivots: Tensor, permutation: Tensor] {
  return bind(luP, [toMatrices('lu', x)], {}) as readonly Tensor[] as readonly [Tensor, Tensor, Tensor]
}

/** A^-1 B from what `lu` gave of A: linear in B. */
export const solveFactored = (factors: Tensor, order: Tensor, b: Tensor): Tensor =>
  solveTriangle(factors, solveTriangle(factors, permuteRows(b, order), { lower: true, unitDiagonal: true }), {})
