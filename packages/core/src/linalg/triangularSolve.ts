/** Systems with a triangular matrix, by substitution: linear in the right-hand side. */
import { aval, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { promoteOperands } from '../primitives/cast.ts'
import { iota } from '../primitives/iota.ts'
import { addTangents } from '../primitives/linear.ts'
import { isUnknown, type SimplePrimitive, knownFactor } from '../primitives/primitive.ts'
import { reshape } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { bind1 } from '../program/bind.ts'
import { broadcastShapes, showShape } from '../shape.ts'
import { tril, triu } from '../numpy/creation.ts'
import { matmul } from '../numpy/linalg.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { scan } from '../transforms/loops.ts'
import { below, block, columnAt, cut, elementAt, mT, PANEL, rowAt, rowNumbers, rowsOf, sizesOf } from './blocks.ts'
import { checkMatrix, factorization, toMatrices, toSquare } from './factorization.ts'
import { type Matrix, copy, get, set, total } from './matrix.ts'

interface TriangularParams {
  /** Which triangle of `a` is the matrix; the other one is not read. */
  readonly lower: boolean
  /** Solve with the transpose. */
  readonly transposeA: boolean
  /** The diagonal is 1, and not read. */
  readonly unitDiagonal: boolean
}

const base = /* @__PURE__ */ factorization<TriangularParams>({
  name: 'triangularSolve',
  inputs: ['a', 'b'],
  results([a, b]) {
    checkMatrix('triangularSolve', a!)
    if (a!.dtype !== b!.dtype || a!.shape[1] !== b!.shape[0] || a!.shape[0] !== a!.shape[1])
      fail('ShapeError', `triangularSolve: needs a [n, n] and b [n, k] of one dtype, got ${showAval(a!)} and ${showAval(b!)}.`)
    return [aval(b!.shape, b!.dtype)]
  },
  // op(A) X = B: dX = op(A)^-1 (dB - op(dA) X). Giles, "Collected matrix derivative results", 2008, 2.2.3, of the triangle alone.
  jvp([a], [ta, tb], [x], params) {
    const moved = ta == null ? null : matmul(operator(ta, params, params.unitDiagonal ? 1 : 0), x!).neg()
    const right = addTangents(tb ?? null, moved)
    return [right === null ? null : bind1(triangularSolveP, [a!, right], params)]
  },
  transpose: ([ct], [a, b], params) => [
    null,
    ct == null || !isUnknown(b!)
      ? null
      : bind1(triangularSolveP, [knownFactor('triangularSolve', a), ct], { ...params, transposeA: !params.transposeA }),
  ],
  algorithm([a, b], { lower, transposeA, unitDiagonal }) {
    return [substitute(transposeA ? mT(a!) : a!, b!, lower !== transposeA, unitDiagonal)]
  },
  evaluate: ([a, b], params) => [substitution(a!, b!, params).data],
})

/** op(A) X = B for `[..., n, n]` and `[..., n, k]`. */
export const triangularSolveP: SimplePrimitive<TriangularParams> = /* @__PURE__ */ sharingColumns(base)

/** One matrix for all examples: these are then further columns. */
function sharingColumns(rules: SimplePrimitive<TriangularParams>): SimplePrimitive<TriangularParams> {
  const batch: typeof rules.batch = (inputs, axes, size, params, name) => {
    const [a, b] = inputs as readonly [Tensor, Tensor],
      [i, j] = axes
    if (i != null || j == null) return rules.batch(inputs, axes, size, params, name)
    const last = moveaxis(b, j, -1)
    const out = bind1(triangularSolveP, [a, reshape(last, [...last.shape.slice(0, -2), (last.shape.at(-2) as number) * size])], params)
    return { outputs: [reshape(out, last.shape)], axes: [last.ndim - 1] }
  }
  return { ...rules, batch }
}

/** op of the triangle of `a`, without its diagonal (offset 1) or with it (0). */
const operator = (a: Tensor, { lower, transposeA }: TriangularParams, offset: 0 | 1): Tensor => {
  const part = lower ? tril(a, { offset: -offset }) : triu(a, { offset })
  return transposeA ? mT(part) : part
}

/** The half that does not depend on the other one first: X1 = A11^-1 B1, X2 = A22^-1 (B2 - A21 X1). */
function substitute(a: Tensor, b: Tensor, lower: boolean, unit: boolean): Tensor {
  const [, n, k] = sizesOf(b)
  if (n <= PANEL) return panel(a, b, lower, unit)
  const h = cut(n)
  const a11 = block(a, 0, h, 0, h),
    a22 = block(a, h, n, h, n),
    b1 = rowsOf(b, 0, h),
    b2 = block(b, h, n, 0, k)
  if (lower) {
    const x1 = substitute(a11, b1, lower, unit)
    return below(x1, substitute(a22, b2.sub(matmul(block(a, h, n, 0, h), x1)), lower, unit))
  }
  const x2 = substitute(a22, b2, lower, unit)
  return below(substitute(a11, b1.sub(matmul(block(a, 0, h, h, n), x2)), lower, unit), x2)
}

/** Row by row: what is known of the solution is taken off the other rows at once. */
function panel(a: Tensor, b: Tensor, lower: boolean, unit: boolean): Tensor {
  const [, n] = sizesOf(b),
    row = rowNumbers(n)
  const [x] = scan<Tensor, Tensor, null>(
    (rest, k) => {
      const known = unit ? rowAt(rest, k) : rowAt(rest, k).div(elementAt(a, k, k))
      const open = lower ? row.greater(k) : row.less(k)
      return [where(row.equal(k), known, where(open, rest.sub(columnAt(a, k).mul(known)), rest)), null]
    },
    b,
    iota([n]),
    { reverse: !lower },
  )
  return x
}

function substitution(a: Matrix, b: Matrix, { lower, transposeA, unitDiagonal }: TriangularParams): Matrix {
  const n = a.rows,
    forward = lower !== transposeA,
    x = copy(b)
  const at = (i: number, j: number): number => (transposeA ? get(a, j, i) : get(a, i, j))
  for (let c = 0; c < b.columns; c++) {
    for (let step = 0; step < n; step++) {
      const i = forward ? step : n - 1 - step
      const known = total(step, s => at(i, forward ? s : n - 1 - s) * get(x, forward ? s : n - 1 - s, c))
      set(x, i, c, (get(b, i, c) - known) / (unitDiagonal ? 1 : at(i, i)))
    }
  }
  return x
}

export interface TriangularSolveOptions {
  /** Solve op(A) X = B (true), or X op(A) = B. JAX's default, false. */
  readonly leftSide?: boolean
  /** The lower triangle of `a` is the matrix (default false: the upper one). The other one is not read. */
  readonly lower?: boolean
  /** op(A) is the transpose of A. Default false. */
  readonly transposeA?: boolean
  /** The diagonal is taken to be 1, and not read. Default false. */
  readonly unitDiagonal?: boolean
}

/** op(A) X = B for operands of one dtype whose leading axes are equal: what the rules of other factorisations call. */
export const solveTriangle = (
  a: Tensor,
  b: Tensor,
  { lower = false, transposeA = false, unitDiagonal = false }: Omit<TriangularSolveOptions, 'leftSide'>,
): Tensor => bind1(triangularSolveP, [a, b], { lower, transposeA, unitDiagonal })

/** Two stacks of matrices with their leading axes broadcast to the same. */
export function alignStacks(where: string, a: Tensor, b: Tensor): readonly [Tensor, Tensor] {
  const lead = broadcastShapes(where, a.shape.slice(0, -2), b.shape.slice(0, -2))
  return [broadcastTo(a, [...lead, ...a.shape.slice(-2)]), broadcastTo(b, [...lead, ...b.shape.slice(-2)])]
}

const typed = (where: string, a: TensorLike, b: TensorLike): readonly [Tensor, Tensor] => {
  const [x, y] = promoteOperands(where, a, b) as readonly [Tensor, Tensor]
  return [toSquare(where, x), toMatrices(where, y)]
}

/**
 * The solution of a system with a triangular matrix: A X = B with `leftSide`, else X A = B. `a` is `[..., n, n]`, `b` `[..., n, k]` (or
 * `[..., k, n]`); leading axes broadcast. A zero on the diagonal gives infinities or NaN. JAX: `lax.linalg.triangular_solve`.
 */
export function triangularSolve(a: TensorLike, b: TensorLike, given: TriangularSolveOptions = {}): Tensor {
  const { leftSide = false, ...options } = checkOptions('triangularSolve', given, 'leftSide', 'lower', 'transposeA', 'unitDiagonal')
  const [x, y] = typed('triangularSolve', a, b)
  if (x.shape.at(-1) !== y.shape.at(leftSide ? -2 : -1))
    fail(
      'ShapeError',
      `triangularSolve: a ${showShape(x.shape)} and b ${showShape(y.shape)} do not fit: with leftSide ${leftSide} ${leftSide ? 'the rows' : 'the columns'} of b must be as many as a has.`,
    )
  const [p, q] = alignStacks('triangularSolve', x, y)
  if (leftSide) return solveTriangle(p, q, options)
  return mT(solveTriangle(p, mT(q), { ...options, transposeA: !(options.transposeA ?? false) }))
}
