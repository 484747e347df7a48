/** Products of vectors, matrices and tensors; norms. */
import { contractP, dotGeneral } from '../primitives/contract.ts'
import { astype, promoteOperands } from '../primitives/cast.ts'
import { notEqual } from '../primitives/comparison.ts'
import { multiply } from '../primitives/arithmetic.ts'
import { reshape } from '../primitives/reshape.ts'
import { swapaxes, transpose } from '../primitives/transpose.ts'
import { fail, described } from '../errors.ts'
import { bind1 } from '../program/bind.ts'
import { broadcastShapes, normalizeAxis, showShape, axisList } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

/**
 * Matrix product over the last two axes, with NumPy broadcasting of the leading ones: `[..., m, k]` and `[..., k, n]` give `[..., m, n]`.
 * A 1-D operand is a row (left) or a column (right), and its axis is dropped from the result. NumPy: `matmul`, `@`.
 *
 * @example matmul(ones([2, 3]), ones([3])) // shape [2]
 */
export function matmul(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promoteOperands('matmul', x, y) as readonly [Tensor, Tensor]
  if (a.ndim === 0 || b.ndim === 0)
    fail(
      'ShapeError',
      `matmul: operands need at least one axis, got shapes ${showShape(a.shape)} and ${showShape(b.shape)}. Use multiply for scalars.`,
    )
  const k = a.shape[a.ndim - 1],
    rows = b.shape[Math.max(0, b.ndim - 2)]
  if (k !== rows)
    fail(
      'ShapeError',
      `matmul: shapes ${showShape(a.shape)} and ${showShape(b.shape)} do not fit: the last axis of the first has size ${k}, ${b.ndim === 1 ? 'the second has' : 'the second-last axis of the second has'} size ${rows}. Transpose or reshape one of them.`,
    )
  if (a.dtype === 'bool') return notEqual(matmul(astype(a, 'int32'), astype(b, 'int32')), 0)
  if (a.ndim === 1) return dotGeneral(a, b, { contracting: [[0], [Math.max(0, b.ndim - 2)]] })
  if (b.ndim === 1) return dotGeneral(a, b, { contracting: [[a.ndim - 1], [0]] })
  return batchedMatmul(a, b)
}

/**
 * Leading axes that both have become batch axes; one that is missing or of size 1 on a side stays a free axis of the other side alone, so that
 * nothing is broadcast in memory.
 */
function batchedMatmul(a: Tensor, b: Tensor): Tensor {
  const lead = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2))
  const ndim = lead.length + 2
  const owns = (t: Tensor): boolean[] => lead.map((n, i) => i >= ndim - t.ndim && t.shape[i - (ndim - t.ndim)] === n)
  const hasA = owns(a),
    hasB = owns(b)
  const axes = lead.map((_, i) => i)
  const both = axes.filter(i => hasA[i] && hasB[i]),
    onlyA = axes.filter(i => hasA[i] && !hasB[i]),
    onlyB = axes.filter(i => !hasA[i])
  const squeeze = (t: Tensor, kept: readonly number[]): Tensor => reshape(t, [...kept.map(i => lead[i] as number), ...t.shape.slice(-2)])
  const keptA = axes.filter(i => hasA[i]),
    keptB = axes.filter(i => hasB[i])
  const x = keptA.length === a.ndim - 2 ? a : squeeze(a, keptA),
    y = keptB.length === b.ndim - 2 ? b : squeeze(b, keptB)
  const out = bind1(contractP, [x, y], {
    lhsContracting: [x.ndim - 1],
    rhsContracting: [y.ndim - 2],
    lhsBatch: both.map(i => keptA.indexOf(i)),
    rhsBatch: both.map(i => keptB.indexOf(i)),
  })
  // out: [both, only a, m, only b, n].
  const layout = [...both, ...onlyA, lead.length, ...onlyB, lead.length + 1]
  return layout.every((axis, i) => axis === i)
    ? out
    : transpose(
        out,
        layout.map((_, i) => layout.indexOf(i)),
      )
}

/** Dot product: a sum over the last axis of x and the second-last of y (the only axis of a 1-D y); scalars multiply. NumPy: `dot`. */
export function dot(x: TensorLike, y: TensorLike): Tensor {
  const a = toTensor(x, 'dot'),
    b = toTensor(y, 'dot')
  if (a.ndim === 0 || b.ndim === 0) return multiply(a, b)
  return contractPairs('dot', a, b, [[a.ndim - 1], [Math.max(0, b.ndim - 2)]])
}

/** The dot product of two tensors flattened to vectors. NumPy: `vdot` (real dtypes). */
export function vdot(x: TensorLike, y: TensorLike): Tensor {
  const a = toTensor(x, 'vdot'),
    b = toTensor(y, 'vdot')
  return contractPairs('vdot', reshape(a, [a.size]), reshape(b, [b.size]), [[0], [0]])
}

/** Sum of products over the last axes: `[..., n]` and `[..., n]` give both leads, one after the other. NumPy: `inner`. */
export function inner(x: TensorLike, y: TensorLike): Tensor {
  const a = toTensor(x, 'inner'),
    b = toTensor(y, 'inner')
  if (a.ndim === 0 || b.ndim === 0) return multiply(a, b)
  return contractPairs('inner', a, b, [[a.ndim - 1], [b.ndim - 1]])
}

/** All products of two tensors flattened to vectors: `[m]` and `[n]` give `[m, n]`. NumPy: `outer`. */
export function outer(x: TensorLike, y: TensorLike): Tensor {
  const a = toTensor(x, 'outer'),
    b = toTensor(y, 'outer')
  return multiply(reshape(a, [a.size, 1]), reshape(b, [1, b.size]))
}

/**
 * Contraction over pairs of axes. `axes` is a number n (the last n of x with the first n of y; default 2) or `[axes of x, axes of y]`. The
 * result has the other axes of x, then those of y. NumPy: `tensordot`.
 */
export function tensordot(
  x: TensorLike,
  y: TensorLike,
  axes: number | readonly [number | readonly number[], number | readonly number[]] = 2,
): Tensor {
  const a = toTensor(x, 'tensordot'),
    b = toTensor(y, 'tensordot')
  return contractPairs('tensordot', a, b, typeof axes === 'number' ? lastAndFirst(a, b, axes) : pairOf(axes))
}

/** `axes` of two numbers, as NumPy takes them too, are an axis each. */
function pairOf(axes: readonly [number | readonly number[], number | readonly number[]]): readonly [readonly number[], readonly number[]] {
  if (!Array.isArray(axes) || axes.length !== 2)
    fail('ShapeError', `tensordot: axes are a number or [axes of x, axes of y], got ${described(axes)}.`)
  return [axisList('tensordot', axes[0]), axisList('tensordot', axes[1])]
}

function contractPairs(where: string, x: Tensor, y: Tensor, [i, j]: readonly [readonly number[], readonly number[]]): Tensor {
  const [a, b] = promoteOperands(where, x, y) as readonly [Tensor, Tensor]
  const left = i.map(k => normalizeAxis(where, k, a.ndim)),
    right = j.map(k => normalizeAxis(where, k, b.ndim))
  if (left.length !== right.length || left.some((k, p) => a.shape[k] !== b.shape[right[p] as number]))
    fail(
      'ShapeError',
      `${where}: axes [${left.join(', ')}] of ${showShape(a.shape)} and [${right.join(', ')}] of ${showShape(b.shape)} do not pair up: their sizes must be equal.`,
    )
  if (a.dtype === 'bool') return notEqual(contractPairs(where, astype(a, 'int32'), astype(b, 'int32'), [left, right]), 0)
  return dotGeneral(a, b, { contracting: [left, right] })
}

function lastAndFirst(a: Tensor, b: Tensor, n: number): readonly [number[], number[]] {
  if (!Number.isInteger(n) || n < 0 || n > Math.min(a.ndim, b.ndim))
    fail('ShapeError', `tensordot: axes = ${n}, but the operands have ${a.ndim} and ${b.ndim} axes.`)
  return [Array.from({ length: n }, (_, k) => a.ndim - n + k), Array.from({ length: n }, (_, k) => k)]
}

/** The last two axes exchanged. NumPy: `matrix_transpose`. */
export function matrixTranspose(x: TensorLike): Tensor {
  const t = toTensor(x, 'matrixTranspose')
  if (t.ndim < 2) fail('ShapeError', `matrixTranspose: needs at least two axes, got shape ${showShape(t.shape)}.`)
  return swapaxes(t, -1, -2)
}
