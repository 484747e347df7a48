/** Reading and writing at computed positions. */
import { remainder } from '../primitives/arithmetic.ts'
import { fail, inNameOf } from '../errors.ts'
import { checkOptions, checkOneOf } from '../options.ts'
import { astype, promoteOperands } from '../primitives/cast.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { defaultFill, gatherP, toIndices } from '../primitives/gather.ts'
import type { IndexMode, IndexParams } from '../primitives/indexed.ts'
import { ravel } from '../primitives/reshape.ts'
import { scatterP } from '../primitives/scatter.ts'
import { transpose } from '../primitives/transpose.ts'
import { bind1 } from '../program/bind.ts'
import { checkIndices } from '../program/modes.ts'
import { normalizeAxis, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

export interface TakeOptions {
  /** The axis to index. Default for `take`: x is flattened first. */
  readonly axis?: number
  /** Out of bounds: `fill` (default) gives `fillValue`, `clip` the nearest element, `wrap` counts round and round. */
  readonly mode?: IndexMode | 'wrap'
  /** Default: NaN, or the smallest int32, the largest uint32, true (as JAX). */
  readonly fillValue?: number
}

const modeOf = (caller: string, mode: TakeOptions['mode'] = 'fill'): IndexMode =>
  checkOneOf(caller, 'mode', mode, ['fill', 'clip', 'wrap']) === 'clip' ? 'clip' : 'fill'
const wrapped = (at: Tensor, n: number | undefined, mode: TakeOptions['mode']): Tensor =>
  mode === 'wrap' ? remainder(at, Math.max(1, n ?? 1)) : at

/**
 * Elements or slices of x at indices along an axis: the index's axes stand in place of `axis`. Negative indices count from the end. NumPy: `take`.
 *
 * @example take(table, ids, { axis: 0 }) // rows: [vocabulary, n] and [batch] give [batch, n]
 */
export function take(x: TensorLike, indices: TensorLike, options: TakeOptions = {}): Tensor {
  return inNameOf('take', () => {
    const { axis, mode, fillValue } = checkOptions('take', options, 'axis', 'mode', 'fillValue')
    const given = toTensor(x, 'take'),
      t = axis === undefined ? ravel(given) : given
    const k = normalizeAxis('take', axis ?? 0, t.ndim),
      at = wrapped(toIndices('take', indices), t.shape[k], mode)
    if (mode === undefined && fillValue === undefined) checkIndices('take', t, [at], [k], true)
    const out = bind1(gatherP, [t, at], {
      axes: [k],
      paired: [],
      mode: modeOf('take', mode),
      negative: true,
      fillValue: fillValue ?? defaultFill(t.dtype),
    })
    // [...indices, ...other axes]: the indices move behind the first k of the others.
    const own = at.shape.map((_, i) => i),
      rest = Array.from({ length: t.ndim - 1 }, (_, i) => at.ndim + i)
    return transpose(out, [...rest.slice(0, k), ...own, ...rest.slice(k)])
  })
}

/** All axes but one, each at its own position. */
const otherAxes = (ndim: number, axis: number): IndexParams['paired'] =>
  Array.from({ length: ndim }, (_, k) => [k, k] as const).filter(([k]) => k !== axis)

function checkRank(where: string, x: Tensor, indices: Tensor): void {
  if (x.ndim !== indices.ndim)
    fail(
      'ShapeError',
      `${where}: x ${showShape(x.shape)} and indices ${showShape(indices.shape)} need the same number of axes. Use expandDims on the indices, or take for whole slices.`,
    )
}

/** The shape of x, with the axes that are 1 but not in the indices repeated: they then correspond one to one. */
const matchOthers = (x: Tensor, indices: Tensor, axis: number): number[] =>
  x.shape.map((n, k) => (k !== axis && n === 1 ? (indices.shape[k] as number) : n))

/**
 * For each line along `axis`, its elements at the line's own indices: `out[i, j] = x[i, indices[i, j]]` for axis 1. The other axes broadcast. Negative
 * indices count from the end. NumPy: `take_along_axis`.
 */
export function takeAlongAxis(x: TensorLike, indices: TensorLike, axis: number, options: Omit<TakeOptions, 'axis'> = {}): Tensor {
  return inNameOf('takeAlongAxis', () => {
    const { mode, fillValue } = checkOptions('takeAlongAxis', options, 'mode', 'fillValue')
    const t = toTensor(x, 'takeAlongAxis'),
      k = normalizeAxis('takeAlongAxis', axis, t.ndim),
      at = wrapped(toIndices('takeAlongAxis', indices), t.shape[k], mode)
    checkRank('takeAlongAxis', t, at)
    if (mode === undefined && fillValue === undefined) checkIndices('takeAlongAxis', t, [at], [k], true)
    const params = {
      axes: [k],
      paired: otherAxes(t.ndim, k),
      mode: modeOf('takeAlongAxis', mode),
      negative: true,
      fillValue: fillValue ?? defaultFill(t.dtype),
    }
    return bind1(gatherP, [broadcastTo(t, matchOthers(t, at, k)), at], params)
  })
}

/**
 * A copy of x with `values` (broadcast to the indices) written at each line's own indices along `axis`; out of bounds nothing is written. Where
 * places repeat, the last value wins. NumPy: `put_along_axis`.
 */
export function putAlongAxis(x: TensorLike, indices: TensorLike, values: TensorLike, axis: number): Tensor {
  return inNameOf('putAlongAxis', () => {
    const [t] = promoteOperands('putAlongAxis', x, values) as readonly [Tensor, Tensor]
    const at = toIndices('putAlongAxis', indices),
      k = normalizeAxis('putAlongAxis', axis, t.ndim)
    checkRank('putAlongAxis', t, at)
    checkIndices('putAlongAxis', t, [at], [k], true)
    const shape = t.shape.map((n, d) => (d === k ? (at.shape[d] as number) : n))
    return bind1(scatterP, [t, broadcastTo(astype(values, t.dtype), shape), at], {
      axes: [k],
      paired: otherAxes(t.ndim, k),
      mode: 'fill',
      negative: true,
      combine: 'set',
    })
  })
}
