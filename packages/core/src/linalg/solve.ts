/** Linear systems and inverses, by LU with partial pivoting. */
import { fail } from '../errors.ts'
import { promoteOperands } from '../primitives/cast.ts'
import { expandDims, squeeze } from '../primitives/reshape.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { showShape } from '../shape.ts'
import { eye } from '../numpy/creation.ts'
import { matmul } from '../numpy/linalg.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { customJvp } from '../transforms/custom.ts'
import { toMatrices, toSquare } from './factorization.ts'
import { lu, solveFactored } from './lu.ts'
import { alignStacks } from './triangularSolve.ts'

/** X with A X = B for equal leading axes. dX = A^-1 (dB - dA X): Giles, "Collected matrix derivative results", 2008, 2.2.4. */
const solveStacks = /* @__PURE__ */ customJvp(
  function solve(a: Tensor, b: Tensor): Tensor {
    const [factors, , order] = lu(a)
    return solveFactored(factors, order, b)
  },
  ([a, b], [da, db]) => {
    const [factors, , order] = lu(a)
    const x = solveFactored(factors, order, b)
    return [x, solveFactored(factors, order, db.sub(matmul(da, x)))]
  },
)

/**
 * The solution of A X = B: `a` is `[..., n, n]`; `b` is `[n]`, or `[..., n, k]` with k systems side by side; leading axes broadcast. A singular matrix gives
 * infinities or NaN (NumPy raises an error, which compiled code cannot). NumPy: `linalg.solve`.
 *
 * @example linalg.solve(array([[3, 1], [1, 2]]), array([9, 8])) // [2, 3]
 */
export function solve(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = promoteOperands('solve', a, b) as readonly [Tensor, Tensor]
  const square = toSquare('solve', x),
    isVector = y.ndim === 1,
    right = toMatrices('solve', isVector ? expandDims(y, 1) : y)
  if (square.shape.at(-1) !== right.shape.at(-2))
    fail(
      'ShapeError',
      `solve: a ${showShape(square.shape)} and b ${showShape(y.shape)} do not fit: b needs as many rows as a has. For stacks of vectors give b a last axis of size 1.`,
    )
  const out = solveStacks(...alignStacks('solve', square, right))
  return isVector ? squeeze(out, { axis: -1 }) : out
}

/** The inverse of `[..., n, n]`; infinities or NaN for singular matrices. To solve a system use `solve`. NumPy: `linalg.inv`. */
export function inv(x: TensorLike): Tensor {
  const t = toSquare('inv', x)
  return solveStacks(t, broadcastTo(eye(t.shape.at(-1) as number, { dtype: t.dtype }), t.shape))
}
