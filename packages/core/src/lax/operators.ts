/** JAX's `lax` names for functions that NumPy has under another name or in another form. */
import type { DType } from '../dtype.ts'
import { fail, inNameOf } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { toFloat } from '../primitives/cast.ts'
import { clip } from '../primitives/clamp.ts'
import { concatenate as join } from '../primitives/concatenate.ts'
import { type CumulativeOptions, prefixByDoubling } from '../primitives/cumulative.ts'
import { dynamicSlice, dynamicUpdateSlice } from '../primitives/dynamicSlice.ts'
import { logaddexp } from '../primitives/exponential.ts'
import { toIndices } from '../primitives/gather.ts'
import { iota as countAlong } from '../primitives/iota.ts'
import { padWith } from '../primitives/pad.ts'
import { reshape } from '../primitives/reshape.ts'
import { flip } from '../primitives/reverse.ts'
import { where } from '../primitives/select.ts'
import { slice } from '../primitives/slice.ts'
import { checkIntegers, checkShape, normalizeAxes, normalizeAxis, type Shape, showShape, sizeOf } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

/** 0, 1, ..., size - 1. JAX: `lax.iota`. */
export const iota = (dtype: DType, size: number): Tensor => countAlong([size], { dtype })
/** 0, 1, 2, ... along one axis of a shape. JAX: `lax.broadcasted_iota`. */
export const broadcastedIota = (dtype: DType, shape: Shape, dimension: number): Tensor => {
  checkShape('broadcastedIota', shape)
  return countAlong(shape, { axis: normalizeAxis('broadcastedIota', dimension, shape.length), dtype })
}

/** x with `low` elements before, `high` after (negative: cut off) and `interior` between elements, an entry an axis. JAX: `lax.pad`. */
export const pad = (
  x: TensorLike,
  paddingValue: TensorLike,
  config: readonly (readonly [low: number, high: number, interior: number])[],
): Tensor => padWith(x, paddingValue, config)
/** x with its elements in reverse order along axes. JAX: `lax.rev`. */
export const rev = (x: TensorLike, dimensions: readonly number[]): Tensor => {
  const t = toTensor(x, 'rev')
  return flip(t, { axis: normalizeAxes('rev', dimensions, t.ndim) })
}
/** `onTrue` where the predicate holds, `onFalse` elsewhere. JAX: `lax.select`. */
export const select = (predicate: TensorLike, onTrue: TensorLike, onFalse: TensorLike): Tensor => {
  const [p, a, b] = [predicate, onTrue, onFalse].map(x => toTensor(x, 'select')) as [Tensor, Tensor, Tensor]
  return inNameOf('select', () => where(p, a, b))
}
/** x limited to [min, max]. JAX: `lax.clamp`. */
export const clamp = (min: TensorLike, x: TensorLike, max: TensorLike): Tensor => {
  const [low, t, high] = [min, x, max].map(v => toTensor(v, 'clamp')) as [Tensor, Tensor, Tensor]
  return inNameOf('clamp', () => clip(t, low, high))
}
/** Operands one after the other along an axis. JAX: `lax.concatenate`. */
export const concatenate = (operands: readonly TensorLike[], dimension: number): Tensor => join(operands, { axis: dimension })

/** x in a shape of which axis `broadcastDimensions[k]` is axis k of x; the others repeat it. JAX: `lax.broadcast_in_dim`. */
export function broadcastInDim(x: TensorLike, shape: Shape, broadcastDimensions: readonly number[]): Tensor {
  const t = toTensor(x, 'broadcastInDim')
  checkShape('broadcastInDim', shape)
  checkIntegers('broadcastInDim', 'broadcastDimensions', broadcastDimensions)
  const ascending = broadcastDimensions.every(
    (k, i) => k >= 0 && k < shape.length && (i === 0 || k > (broadcastDimensions[i - 1] as number)),
  )
  if (broadcastDimensions.length !== t.ndim || !ascending)
    fail(
      'ShapeError',
      `broadcastInDim: broadcastDimensions [${broadcastDimensions.join(', ')}] must list ascending axes of ${showShape(shape)}, one for each axis of shape ${showShape(t.shape)}.`,
    )
  const sizes = shape.map((_, k) => (broadcastDimensions.includes(k) ? (t.shape[broadcastDimensions.indexOf(k)] as number) : 1))
  return broadcastTo(reshape(t, sizes), shape)
}

/** Elements `start` to `limit` (exclusive), every `stride`-th, along one axis. JAX: `lax.slice_in_dim`. */
export function sliceInDim(x: TensorLike, start: number, limit: number, stride = 1, axis = 0): Tensor {
  return inNameOf('sliceInDim', () => {
    const t = toTensor(x, 'sliceInDim'),
      k = normalizeAxis('sliceInDim', axis, t.ndim)
    checkIntegers('sliceInDim', 'start, limit and stride', [start, limit, stride])
    const at = (others: readonly number[], v: number): number[] => others.map((o, i) => (i === k ? v : o))
    return slice(
      t,
      at(
        t.shape.map(() => 0),
        start,
      ),
      at(t.shape, limit),
      at(
        t.shape.map(() => 1),
        stride,
      ),
    )
  })
}

const startsAlong = (t: Tensor, axis: number, start: TensorLike): TensorLike[] => t.shape.map((_, k) => (k === axis ? start : 0))

/** `size` elements along one axis from a computed start, which is clamped. JAX: `lax.dynamic_slice_in_dim`. */
export function dynamicSliceInDim(x: TensorLike, start: TensorLike, size: number, axis = 0): Tensor {
  return inNameOf('dynamicSliceInDim', () => {
    const t = toTensor(x, 'dynamicSliceInDim'),
      k = normalizeAxis('dynamicSliceInDim', axis, t.ndim)
    checkIntegers('dynamicSliceInDim', 'the size', [size])
    return dynamicSlice(
      t,
      startsAlong(t, k, toIndices('dynamicSliceInDim', start)),
      t.shape.map((n, i) => (i === k ? size : n)),
    )
  })
}

/** The slice at a computed position along one axis, which is dropped unless `keepdims`. JAX: `lax.dynamic_index_in_dim`. */
export function dynamicIndexInDim(x: TensorLike, index: TensorLike, axis = 0, options: { readonly keepdims?: boolean } = {}): Tensor {
  return inNameOf('dynamicIndexInDim', () => {
    const { keepdims = true } = checkOptions('dynamicIndexInDim', options, 'keepdims')
    const t = toTensor(x, 'dynamicIndexInDim'),
      k = normalizeAxis('dynamicIndexInDim', axis, t.ndim)
    const out = dynamicSliceInDim(t, toIndices('dynamicIndexInDim', index), 1, k)
    return keepdims
      ? out
      : reshape(
          out,
          t.shape.filter((_, i) => i !== k),
        )
  })
}

/** x with `update` written along one axis from a computed start, which is clamped. JAX: `lax.dynamic_update_slice_in_dim`. */
export function dynamicUpdateSliceInDim(x: TensorLike, update: TensorLike, start: TensorLike, axis = 0): Tensor {
  return inNameOf('dynamicUpdateSliceInDim', () => {
    const t = toTensor(x, 'dynamicUpdateSliceInDim'),
      k = normalizeAxis('dynamicUpdateSliceInDim', axis, t.ndim)
    const u = toTensor(update, 'dynamicUpdateSliceInDim')
    return dynamicUpdateSlice(t, u, startsAlong(t, k, toIndices('dynamicUpdateSliceInDim', start)))
  })
}

/** x with the slice at a computed position along one axis replaced; `update` may lack that axis. JAX: `lax.dynamic_update_index_in_dim`. */
export function dynamicUpdateIndexInDim(x: TensorLike, update: TensorLike, index: TensorLike, axis = 0): Tensor {
  return inNameOf('dynamicUpdateIndexInDim', () => {
    const t = toTensor(x, 'dynamicUpdateIndexInDim'),
      k = normalizeAxis('dynamicUpdateIndexInDim', axis, t.ndim)
    const shape = t.shape.map((n, i) => (i === k ? 1 : n)),
      u = toTensor(update, 'dynamicUpdateIndexInDim')
    return dynamicUpdateSliceInDim(t, u.size === sizeOf(shape) ? reshape(u, shape) : u, toIndices('dynamicUpdateIndexInDim', index), k)
  })
}

/** Running log(sum(exp(x))) along an axis (default 0), without overflow. JAX: `lax.cumlogsumexp`. */
export function cumlogsumexp(x: TensorLike, options: CumulativeOptions = {}): Tensor {
  const { axis = 0, reverse = false } = checkOptions('cumlogsumexp', options, 'axis', 'reverse')
  const k = normalizeAxis('cumlogsumexp', axis, toTensor(x, 'cumlogsumexp').ndim),
    t = toFloat('cumlogsumexp', x)
  return prefixByDoubling([t], [-Infinity], { axis: k, reverse }, ([a], [b]) => [logaddexp(a as Tensor, b as Tensor)])[0] as Tensor
}
