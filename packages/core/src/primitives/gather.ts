/**
 * Reads x at index tensors: out[s, w] = x[..., i_k[s], ..., w, ...]. See indexed.ts for how axes correspond. Linear in x; its transpose adds
 * cotangents up at the indices (scatter).
 */
import { type Aval, aval } from '../aval.ts'
import { type DType, isInteger, isUnsigned } from '../dtype.ts'
import { described, fail } from '../errors.ts'
import { rangeOfInteger } from '../lower/instructions.ts'
import type { Value } from '../lower/lowering.ts'
import { checkOneOf, checkOptions, checkList } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { checkIndices } from '../program/modes.ts'
import { axisList, normalizeAxis } from '../shape.ts'
import { isTensor, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { alignBatch } from './broadcast.ts'
import { astype, scalarOf } from './cast.ts'
import { first } from './family.ts'
import { hostFrom, hostReader } from './host.ts'
import { hostAddress, type IndexMode, type IndexParams, indexedLayout, indexedShape, lowerAddress, shiftIndexParams } from './indexed.ts'
import { type HostArray, isUnknown, type SimplePrimitive } from './primitive.ts'
import { scatterP } from './scatter.ts'
import { zerosOf } from './zeros.ts'

export interface GatherParams extends IndexParams {
  /** Read where an index is out of bounds and the mode is `fill`. */
  readonly fillValue: number
}

export const gatherP: SimplePrimitive<GatherParams> = {
  name: 'gather',
  inputs: ['x', 'indices'],
  abstractEval([x, ...indices], params) {
    const a = x as Aval
    return [aval(indexedShape(a, indexedLayout('gather', a, indices, params)), a.dtype, a.weak)]
  },
  jvp: ([, ...indices], [t], _, params) => [t ? bind1(gatherP, [t, ...indices], { ...params, fillValue: 0 }) : null],
  transpose([ct], [x, ...indices], { axes, paired, mode, negative }) {
    const none = indices.map(() => null)
    if (ct == null || !x || !isUnknown(x)) return [null, ...none]
    return [bind1(scatterP, [zerosOf(x.aval), ct, ...(indices as Tensor[])], { axes, paired, mode, negative, combine: 'add' }), ...none]
  },
  batch([x, ...indices], [axis = null, ...indexAxes], _, params) {
    if (indexAxes.every(k => k === null)) {
      const at = axis as number,
        shifted = shiftIndexParams(params, at, false)
      const out = bind1(gatherP, [x as Tensor, ...indices], shifted)
      const { indexShape, windows } = indexedLayout(
        'gather',
        (x as Tensor).aval,
        indices.map(i => i.aval),
        shifted,
      )
      return { outputs: [out], axes: [indexShape.length + windows.indexOf(at)] }
    }
    return { outputs: [bind1(gatherP, [x as Tensor, ...alignBatch(indices, indexAxes)], shiftIndexParams(params, axis, true))], axes: [0] }
  },
  lower(l, [x, ...indices], params, outputs) {
    const out = first(outputs),
      source = l.stored(x as Value)
    const layout = indexedLayout(
      'gather',
      source.aval,
      indices.map(i => i.aval),
      params,
    )
    if (source.aval.size === 0) return [l.elements(out, [], b => b.constant(params.fillValue, out.dtype), { cost: 0 })]
    return [
      l.elements(
        out,
        [source, ...indices],
        (b, point) => {
          const { index, indirect, inside } = lowerAddress(b, source.aval, indices, params, layout, point)
          const value = b.gather(source, index, indirect)
          return inside === null ? value : b.apply('select', [inside, value, b.constant(params.fillValue, out.dtype)], out.dtype)
        },
        { cost: 4, repeats: true },
      ),
    ]
  },
  evaluate([x, ...indices], params, outputs) {
    const source = x as HostArray,
      read = hostReader(source)
    const at = hostAddress(
      source.aval,
      indices,
      params,
      indexedLayout(
        'gather',
        source.aval,
        indices.map(i => i.aval),
        params,
      ),
    )
    return [
      hostFrom(first(outputs), point => {
        const index = at(point)
        return index === null ? params.fillValue : read(index)
      }),
    ]
  },
}

/** What JAX reads out of bounds: NaN, the smallest signed integer, the largest unsigned one, true. */
export const defaultFill = (dtype: DType): number =>
  isInteger(dtype) ? rangeOfInteger(dtype)[isUnsigned(dtype) ? 1 : 0] : dtype === 'bool' ? 1 : NaN

/** What happens out of bounds. */
export const checkMode = (where: string, mode: IndexMode): IndexMode => checkOneOf(where, 'mode', mode, ['fill', 'clip'])

/** Index tensors as int32. */
export function toIndices(where: string, x: TensorLike): Tensor {
  if (typeof x === 'number' && Number.isInteger(x)) return scalarOf(x, 'int32')
  if (!isTensor(x) || !isInteger(x.dtype))
    fail('DTypeError', `${where}: indices must be integers, got ${isTensor(x) ? x.dtype : described(x)}. Convert with astype('int32').`)
  return astype(toTensor(x, where), 'int32')
}

export interface GatherOptions {
  /** The axis of x for each index tensor. Default: the leading axes. */
  readonly axes?: readonly number[]
  /** Out of bounds: `fill` (default) reads `fillValue`, `clip` the nearest element. */
  readonly mode?: IndexMode
  /** Default: NaN, or the smallest int32, the largest uint32, true. */
  readonly fillValue?: number
}

/**
 * Elements of x at index tensors, which broadcast to one shape S: `x[i, j]` for the leading axes, or `x[:, i]` with `axes: [1]`. The result has shape
 * `[...S, ...axes of x without an index]`. Does the work of JAX's `lax.gather` in NumPy's terms; negative indices are out of bounds.
 *
 * @example gather(table, [ids]) // rows of [vocabulary, n] for ids [batch]: [batch, n]
 */
export function gather(x: TensorLike, indices: readonly TensorLike[], options: GatherOptions = {}): Tensor {
  const { axes, mode, fillValue } = checkOptions('gather', options, 'axes', 'mode', 'fillValue')
  const t = toTensor(x, 'gather')
  const along =
    axes === undefined
      ? checkList('gather', indices, 'indices').map((_, k) => k)
      : axisList('gather', axes).map(k => normalizeAxis('gather', k, t.ndim))
  const at = checkList('gather', indices, 'indices').map(i => toIndices('gather', i))
  if (mode === undefined && fillValue === undefined) checkIndices('gather', t, at, along, false)
  return bind1(gatherP, [t, ...at], {
    axes: along,
    paired: [],
    mode: checkMode('gather', mode ?? 'fill'),
    negative: false,
    fillValue: fillValue ?? defaultFill(t.dtype),
  })
}
