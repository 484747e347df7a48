/** Powers of matrices and chains of products. */
import { checkList } from '../options.ts'
import { fail } from '../errors.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { promoteOperands } from '../primitives/cast.ts'
import { expandDims, squeeze } from '../primitives/reshape.ts'
import { swapaxes } from '../primitives/transpose.ts'
import { showShape } from '../shape.ts'
import { eye } from '../numpy/creation.ts'
import { matmul } from '../numpy/linalg.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { inv } from './solve.ts'

/** The last two axes exchanged: `[..., m, n]` to `[..., n, m]`. NumPy: `linalg.matrix_transpose`. */
export function matrixTranspose(x: TensorLike): Tensor {
  const t = toTensor(x, 'matrixTranspose')
  if (t.ndim < 2) fail('ShapeError', `matrixTranspose: needs matrices, got shape ${showShape(t.shape)}.`)
  return swapaxes(t, -1, -2)
}

/**
 * The n-th power of square matrices `[..., m, m]` by repeated squaring; a negative n inverts, 0 gives the identity. Integers stay integers for n >= 0.
 * NumPy: `linalg.matrix_power`.
 */
export function matrixPower(x: TensorLike, n: number): Tensor {
  const t = toTensor(x, 'matrixPower')
  if (t.ndim < 2 || t.shape.at(-1) !== t.shape.at(-2))
    fail('ShapeError', `matrixPower: needs square matrices, got shape ${showShape(t.shape)}.`)
  if (!Number.isInteger(n)) fail('ValueError', `matrixPower: the power must be an integer, got ${n}.`)
  if (n === 0) return broadcastTo(eye(t.shape.at(-1) as number, { dtype: t.dtype }), t.shape)
  let square = n < 0 ? inv(t) : t,
    out: Tensor | null = null
  for (let rest = Math.abs(n); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) out = out === null ? square : matmul(out, square)
    if (rest > 1) square = matmul(square, square)
  }
  return out as Tensor
}

/**
 * The product of several matrices in the order that needs the fewest multiplications. The first may be a row `[n]`, the last a column, whose axis the
 * result does not have. NumPy: `linalg.multi_dot`.
 */
export function multiDot(xs: readonly TensorLike[]): Tensor {
  if (checkList('multiDot', xs).length < 2) fail('ValueError', `multiDot: needs at least two matrices, got ${xs.length}.`)
  const tensors = promoteOperands('multiDot', ...xs) as readonly Tensor[],
    last = tensors.length - 1
  const matrices = tensors.map((t, i) => (t.ndim !== 1 ? t : i === 0 ? expandDims(t, 0) : i === last ? expandDims(t, 1) : t))
  const shown = tensors.map(t => showShape(t.shape)).join(', ')
  if (matrices.some(t => t.ndim !== 2))
    fail('ShapeError', `multiDot: needs matrices (vectors only at the ends), got shapes ${shown}. For stacks use vmap.`)
  const sizes = [...matrices.map(t => t.shape[0] as number), (matrices[last] as Tensor).shape[1] as number]
  if (matrices.some((t, i) => t.shape[1] !== sizes[i + 1]))
    fail('ShapeError', `multiDot: shapes ${shown} do not fit: the columns of each must be as many as the rows of the next.`)
  const cuts = chainOrder(sizes)
  const product = (i: number, j: number): Tensor => {
    const k = cuts[i]?.[j] as number
    return i === j ? (matrices[i] as Tensor) : matmul(product(i, k), product(k + 1, j))
  }
  const dropped = [...((tensors[0] as Tensor).ndim === 1 ? [0] : []), ...((tensors[last] as Tensor).ndim === 1 ? [1] : [])]
  return dropped.length === 0 ? product(0, last) : squeeze(product(0, last), { axis: dropped })
}

/** Where to cut the chain from matrix i to j, the i-th being `sizes[i]` by `sizes[i + 1]`. Cormen et al., Introduction to Algorithms, 15.2. */
function chainOrder(sizes: readonly number[]): readonly (readonly number[])[] {
  const n = sizes.length - 1
  const cost = Array.from({ length: n }, () => new Array<number>(n).fill(0)),
    cuts = cost.map(row => row.slice())
  const at = (i: number, j: number): number => (cost[i] as number[])[j] as number
  for (let length = 1; length < n; length++)
    for (let i = 0; i + length < n; i++) {
      const j = i + length
      const price = (k: number): number =>
        at(i, k) + at(k + 1, j) + (sizes[i] as number) * (sizes[k + 1] as number) * (sizes[j + 1] as number)
      const best = Array.from({ length }, (_, s) => i + s).reduce((a, b) => (price(b) < price(a) ? b : a))
      ;(cost[i] as number[])[j] = price(best)
      ;(cuts[i] as number[])[j] = best
    }
  return cuts
}
