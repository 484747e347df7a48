/** Geometric ranges, windows, and tensors made from others. */
import { checkDType, type DType, isFloat } from '../dtype.ts'
import { fail, inNameOf } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { negative } from '../primitives/arithmetic.ts'
import { bitwiseAnd } from '../primitives/bitwise.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { astype, promoteElementwise, promoteFloats, scalarOf } from '../primitives/cast.ts'
import { equal, less } from '../primitives/comparison.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { exp, log, power } from '../primitives/exponential.ts'
import { all } from '../primitives/reduce.ts'
import { expandDims } from '../primitives/reshape.ts'
import { where } from '../primitives/select.ts'
import { sliceAxis } from '../primitives/slice.ts'
import { checkShape, type Shape } from '../shape.ts'
import { isTensor, type NestedArray, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { array, type Linspace, linspace, zeros, zerosLike } from './creation.ts'
import { newAxisAt } from './parts.ts'
import { bartlettAt, blackmanAt, hammingAt, hannAt } from './windowShapes.ts'

// ---- ranges

export interface Logspace extends Linspace {
  /** Default 10. */
  readonly base?: TensorLike
}
/** `count` powers of a base (default 10), whose exponents are evenly spaced from start to stop. NumPy: `logspace`. */
export function logspace(start: TensorLike, stop: TensorLike, given: Logspace = {}): Tensor {
  const { base = 10, dtype = 'float32', axis, ...options } = checkOptions('logspace', given, 'count', 'endpoint', 'dtype', 'base', 'axis')
  const powers = power(toTensor(base, 'logspace'), spaced('logspace', start, stop, dtype, options))
  return inNameOf('logspace', () => newAxisAt(astype(powers, dtype), axis))
}
/**
 * `count` values from start to stop, each the same multiple of the one before. Both have one sign and are not 0. NumPy: `geomspace`.
 */
export function geomspace(start: TensorLike, stop: TensorLike, given: Linspace = {}): Tensor {
  const { dtype = 'float32', axis, ...options } = checkOptions('geomspace', given, 'count', 'endpoint', 'dtype', 'axis')
  const float = isFloat(checkDType('geomspace', dtype)) ? dtype : 'float32'
  const [a, b] = promoteElementwise('geomspace', ...promoteFloats('geomspace', start, stop)).map(t => astype(t, float)) as [Tensor, Tensor]
  const isNegative = bitwiseAnd(less(a, 0), less(b, 0))
  const sizes = exp(spaced('geomspace', log(where(isNegative, negative(a), a)), log(where(isNegative, negative(b), b)), float, options))
  const values = where(isNegative, negative(sizes), sizes),
    count = values.shape[0] as number
  const end = (t: Tensor): Tensor => expandDims(broadcastTo(t, values.shape.slice(1)), 0)
  // The ends are those given, not what is left of them by logarithm and exponential.
  const closed = options.endpoint !== false && count > 1
  const parts = [...(count > 0 ? [end(a)] : []), sliceAxis(values, 1, closed ? count - 1 : count), ...(closed ? [end(b)] : [])]
  const all = count === 0 ? values : concatenate(parts)
  return inNameOf('geomspace', () => newAxisAt(astype(all, dtype), axis))
}
function spaced(caller: string, start: TensorLike, stop: TensorLike, dtype: DType, options: Linspace): Tensor {
  const { count = 50 } = options
  if (!Number.isInteger(count) || count < 0) fail('ValueError', `${caller}: count must be an integer of at least 0, got ${count}.`)
  const float = isFloat(checkDType(caller, dtype)) ? dtype : 'float32'
  return linspace(...promoteElementwise(caller, toTensor(start, caller), toTensor(stop, caller)), { ...options, dtype: float })
}

// ---- windows

/** `count` samples (float32) of a function of the phase, which goes from 0 to 1. Rounded once: they are computed here, in float64. */
function windowOf(caller: string, count: number, f: (phase: number) => number): Tensor {
  checkShape(caller, [count])
  return array(Float32Array.from({ length: count }, (_, i) => (count === 1 ? 1 : f(i / (count - 1)))))
}

/** A triangle, zero at both ends. NumPy: `bartlett`. */
export function bartlett(count: number): Tensor {
  return windowOf('bartlett', count, bartlettAt)
}
/** 0.42 - 0.5 cos(2 pi t) + 0.08 cos(4 pi t). NumPy: `blackman`. */
export function blackman(count: number): Tensor {
  return windowOf('blackman', count, blackmanAt)
}
/** 0.54 - 0.46 cos(2 pi t). NumPy: `hamming`. */
export function hamming(count: number): Tensor {
  return windowOf('hamming', count, hammingAt)
}
/** 0.5 - 0.5 cos(2 pi t), zero at both ends. NumPy: `hanning`. */
export function hanning(count: number): Tensor {
  return windowOf('hanning', count, hannAt)
}

// ---- from others

interface OfDType {
  readonly dtype?: DType
}

/** A tensor as it is, or converted; anything else as `array` takes it. NumPy: `asarray`. */
export function asarray(x: TensorLike | NestedArray | ArrayBufferView, options: OfDType = {}): Tensor {
  checkOptions('asarray', options, 'dtype')
  if (typeof x !== 'number' && typeof x !== 'boolean' && !isTensor(x) && !Array.isArray(x) && !ArrayBuffer.isView(x))
    toTensor(x as never, 'asarray')
  if (!isTensor(x)) return array(x, options)
  toTensor(x, 'asarray')
  return options.dtype === undefined ? x : astype(x, checkDType('asarray', options.dtype))
}
/** x in memory of its own: it stays when x is disposed of. NumPy: `copy`. */
export function copy(x: TensorLike): Tensor {
  const t = toTensor(x, 'copy')
  return where(scalarOf(1, 'bool'), t, t)
}
/** A tensor whose elements are about to be replaced; they are 0. NumPy: `empty`. */
export function empty(shape: Shape, options: OfDType = {}): Tensor {
  const { dtype = 'float32' } = checkOptions('empty', options, 'dtype')
  checkShape('empty', shape)
  return zeros(shape, { dtype: checkDType('empty', dtype) })
}
/** Zeros in the shape and dtype of x. NumPy: `empty_like`. */
export function emptyLike(x: TensorLike, options: OfDType & { readonly shape?: Shape } = {}): Tensor {
  checkOptions('emptyLike', options, 'dtype', 'shape')
  if (options.shape !== undefined) checkShape('emptyLike', options.shape)
  if (options.dtype !== undefined) checkDType('emptyLike', options.dtype)
  return zerosLike(toTensor(x, 'emptyLike'), options)
}

/** Equal elements after broadcasting? A bool scalar; false where shapes do not broadcast. NumPy: `array_equiv`. */
export function arrayEquiv(x: TensorLike, y: TensorLike): Tensor {
  const a = toTensor(x, 'arrayEquiv'),
    b = toTensor(y, 'arrayEquiv')
  const fits = [...a.shape].reverse().every((n, i) => {
    const m = b.shape[b.ndim - 1 - i]
    return m === undefined || n === m || n === 1 || m === 1
  })
  return fits ? all(equal(a, b)) : scalarOf(0, 'bool')
}
