/** Products of vectors and matrices in batches, the vector product, and Kronecker's. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { multiply, subtract } from '../primitives/arithmetic.ts'
import { promoteOperands } from '../primitives/cast.ts'
import { expandDims, reshape, squeeze } from '../primitives/reshape.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { broadcastShapes, normalizeAxis, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { matmul } from './linalg.ts'
import { roll } from './manipulation.ts'
import { pad } from './padding.ts'

/** An operand with at least `ndim` axes. */
function operand(caller: string, x: TensorLike, ndim: 1 | 2): Tensor {
  const t = toTensor(x, caller)
  return t.ndim >= ndim
    ? t
    : fail(
        'ShapeError',
        `${caller}: needs ${ndim === 1 ? 'vectors: at least one axis' : 'matrices: at least two axes'}, got shape ${showShape(t.shape)}.`,
      )
}

/** Refuses products of sizes that differ, and leading axes that do not broadcast. */
function checkProduct(caller: string, x: Tensor, y: Tensor, [m, n]: readonly [number, number], leads: readonly [number, number]): void {
  if (x.shape.at(m) !== y.shape.at(n))
    fail(
      'ShapeError',
      `${caller}: shapes ${showShape(x.shape)} and ${showShape(y.shape)} do not fit: sizes ${x.shape.at(m)} and ${y.shape.at(n)} are summed over and must be equal.`,
    )
  broadcastShapes(caller, x.shape.slice(0, leads[0]), y.shape.slice(0, leads[1]))
}

/** Dot products of vectors along an axis (default: the last); the other axes broadcast: `[..., n]` and `[..., n]` give `[...]`. NumPy: `vecdot`. */
export function vecdot(x: TensorLike, y: TensorLike, options: { readonly axis?: number } = {}): Tensor {
  const { axis = -1 } = checkOptions('vecdot', options, 'axis')
  const [a, b] = [x, y].map(t => {
    const given = operand('vecdot', t, 1)
    return moveaxis(given, normalizeAxis('vecdot', axis, given.ndim), -1)
  }) as [Tensor, Tensor]
  checkProduct('vecdot', a, b, [-1, -1], [-1, -1])
  return squeeze(matmul(expandDims(a, -2), expandDims(b, -1)), { axis: [-2, -1] })
}
/** Matrices times vectors; the leading axes broadcast: `[..., m, n]` and `[..., n]` give `[..., m]`. NumPy: `matvec`. */
export function matvec(x: TensorLike, y: TensorLike): Tensor {
  const a = operand('matvec', x, 2),
    b = operand('matvec', y, 1)
  checkProduct('matvec', a, b, [-1, -1], [-2, -1])
  return squeeze(matmul(a, expandDims(b, -1)), { axis: -1 })
}
/** Vectors times matrices; the leading axes broadcast: `[..., m]` and `[..., m, n]` give `[..., n]`. NumPy: `vecmat`. */
export function vecmat(x: TensorLike, y: TensorLike): Tensor {
  const a = operand('vecmat', x, 1),
    b = operand('vecmat', y, 2)
  checkProduct('vecmat', a, b, [-1, -2], [-1, -2])
  return squeeze(matmul(expandDims(a, -2), b), { axis: -2 })
}

export interface Cross {
  /** The axis of the vectors in all three tensors. Default: as the other options say. */
  readonly axis?: number
  /** The axis of the vectors in x. Default: the last. */
  readonly axisA?: number
  /** The axis of the vectors in y. Default: the last. */
  readonly axisB?: number
  /** The axis of the vectors in the result. Default: the last. */
  readonly axisC?: number
}

/**
 * Vector products of vectors of three elements, or of two, whose third is zero; the other axes broadcast. The product of two vectors of two
 * elements is its third element alone. NumPy: `cross`.
 */
export function cross(x: TensorLike, y: TensorLike, options: Cross = {}): Tensor {
  const {
    axis,
    axisA = axis ?? -1,
    axisB = axis ?? -1,
    axisC = axis ?? -1,
  } = checkOptions('cross', options, 'axis', 'axisA', 'axisB', 'axisC')
  const [a, b] = promoteOperands('cross', vectors(x, axisA), vectors(y, axisB)) as readonly [Tensor, Tensor]
  const lead = broadcastShapes('cross', a.shape.slice(0, -1), b.shape.slice(0, -1))
  if (a.shape.at(-1) === 2 && b.shape.at(-1) === 2) {
    const element = (t: Tensor, i: number): Tensor => squeeze(sliceAxis(t, i, i + 1, { axis: -1 }), { axis: -1 })
    return subtract(multiply(element(a, 0), element(b, 1)), multiply(element(a, 1), element(b, 0)))
  }
  const to = normalizeAxis('cross', axisC, lead.length + 1)
  const [u, v] = [inSpace(a), inSpace(b)]
  const turned = (t: Tensor, by: number): Tensor => roll(t, by, { axis: -1 })
  return moveaxis(subtract(multiply(turned(u, 2), turned(v, 1)), multiply(turned(u, 1), turned(v, 2))), -1, to)
}

/** Vectors of two or three elements along the last axis. */
function vectors(x: TensorLike, axis: number): Tensor {
  const t = operand('cross', x, 1),
    k = normalizeAxis('cross', axis, t.ndim),
    n = t.shape[k]
  if (n !== 2 && n !== 3)
    fail('ShapeError', `cross: vectors have 2 or 3 elements, but axis ${axis} of shape ${showShape(t.shape)} has ${n}. Give axis.`)
  return moveaxis(t, k, -1)
}
const inSpace = (t: Tensor): Tensor =>
  t.shape.at(-1) === 3
    ? t
    : pad(
        t,
        t.shape.map((_, k) => [0, k === t.ndim - 1 ? 1 : 0] as const),
      )

/**
 * Kronecker's product: each element of x times all of y, as blocks: `[a, b]` and `[c, d]` give `[a c, b d]`. The tensor with fewer axes gets
 * leading ones. NumPy: `kron`.
 */
export function kron(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promoteOperands('kron', x, y) as readonly [Tensor, Tensor]
  const ndim = Math.max(a.ndim, b.ndim)
  const sizes = (t: Tensor): number[] => [...new Array<number>(ndim - t.ndim).fill(1), ...t.shape]
  const [m, n] = [sizes(a), sizes(b)]
  const blocks = multiply(
    reshape(
      a,
      m.flatMap(s => [s, 1]),
    ),
    reshape(
      b,
      n.flatMap(s => [1, s]),
    ),
  )
  return reshape(
    blocks,
    m.map((s, k) => s * (n[k] as number)),
  )
}
