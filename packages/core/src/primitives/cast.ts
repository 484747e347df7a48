/** Conversion between dtypes, and the promotion of operands to a common one. */
import { type Aval, aval, showAval } from '../aval.ts'
import { bitsOf, checkDType, convert, type DType, isFloat, isHalf, isInteger } from '../dtype.ts'
import { fail } from '../errors.ts'
import { castTo, instructions } from '../lower/instructions.ts'
import { bind1 } from '../program/bind.ts'
import { promote, type WeakDType } from '../promotion.ts'
import { broadcastShapes } from '../shape.ts'
import { Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { batchElementwise, first, mapHost } from './family.ts'
import { isUnknown, none, type SimplePrimitive } from './primitive.ts'

export interface CastParams {
  readonly dtype: DType
  readonly weak: boolean
}

/** Floats to integers truncate towards zero and saturate (NaN gives 0), between integers the bits stay, to bool is `!= 0`. Linear between floats. */
export const castP: SimplePrimitive<CastParams> = {
  name: 'cast',
  inputs: ['x'],
  abstractEval: (avals, { dtype, weak }) => [aval(first(avals).shape, dtype, weak)],
  jvp: (_, [t], __, params) => [t && isFloat(params.dtype) ? bind1(castP, [t], params) : null],
  transpose: ([ct], inputs) => {
    const x = first(inputs)
    return [ct && isUnknown(x) ? astype(ct, x.aval.dtype) : null]
  },
  batch: (tensors, axes, _, params) => batchElementwise(castP, tensors, axes, params),
  lower: (l, values, { dtype }, outputs) => {
    const x = first(values)
    return [l.elementwise(first(outputs), [x], (b, [a]) => b.apply('cast', [a as number], dtype), x.aval.dtype === dtype ? 0 : 1)]
  },
  evaluate: (arrays, { dtype }, [out]) => [
    mapHost(out as Aval, arrays, ([a]) => (isFloat(dtype) ? (a as number) : castTo(a as number, first(arrays).aval.dtype, dtype))),
  ],
}

/** Reinterprets 32 bits as another dtype. */
export const bitcastP: SimplePrimitive<{ readonly dtype: DType }> = {
  name: 'bitcast',
  inputs: ['x'],
  abstractEval: (avals, { dtype }) => {
    const x = first(avals)
    for (const d of [x.dtype, dtype])
      if (d === 'bool' || bitsOf(d) !== 32)
        fail('DTypeError', `bitcast: from ${showAval(x)} to ${dtype}: both must have 32 bits: float32, int32 or uint32.`)
    return [aval(x.shape, dtype)]
  },
  jvp: (_, tangents) => tangents.map(() => null),
  transpose: none('bitcast is not linear'),
  batch: (tensors, axes, _, params) => batchElementwise(bitcastP, tensors, axes, params),
  lower: (l, values, { dtype }, outputs) => {
    const same = first(values).aval.dtype === dtype
    return [l.elementwise(first(outputs), values, (b, args) => (same ? first(args) : b.apply('bitcast', args, dtype)), same ? 0 : 1)]
  },
  evaluate: (arrays, { dtype }, [out]) => {
    const from = first(arrays).aval.dtype
    return [mapHost(out as Aval, arrays, x => (from === dtype ? first(x) : instructions.bitcast.evaluate(x, dtype, from)))]
  },
}

/**
 * x as another dtype. Floats to integers truncate towards zero and saturate, NaN gives 0; between integers the bits stay; to bool is `!= 0`.
 * The gradient passes between floats. NumPy: `astype`.
 */
export function astype(x: TensorLike, dtype: DType): Tensor {
  const t = toTensor(x, 'astype')
  return convertTo(t, { dtype: checkDType('astype', dtype), weak: false })
}

/** The bits of x as another dtype of 32 bits. JAX: `lax.bitcast_convert_type`. */
export function bitcast(x: TensorLike, dtype: DType): Tensor {
  return bind1(bitcastP, [toTensor(x, 'bitcast')], { dtype: checkDType('bitcast', dtype) })
}

/** A scalar that is not uploaded: a literal in Programs. */
export const scalarOf = (value: number, dtype: DType, weak = false): Tensor => new Tensor(aval([], dtype, weak), { scalar: value })

function convertTo(t: Tensor, to: WeakDType): Tensor {
  if (t.dtype === to.dtype && t.aval.weak === to.weak) return t
  if ('scalar' in t.value) {
    const { scalar } = t.value
    return scalarOf(isFloat(to.dtype) && !isHalf(to.dtype) ? scalar : castTo(scalar, t.dtype, to.dtype), to.dtype, to.weak)
  }
  return bind1(castP, [t], { dtype: to.dtype, weak: to.weak })
}

/** One tensor for each operand. */
type Tensors<T extends readonly TensorLike[]> = { -readonly [K in keyof T]: Tensor }

/**
 * Operands converted to their common dtype by JAX's promotion in 32-bit mode. JavaScript numbers are weak: they yield to any tensor of their
 * kind. Since JavaScript has no integer literals, a number beside integer tensors counts as an integer when its value is integral and fits 32
 * bits, otherwise as float32: `x.add(1)` keeps int32, `x.add(0.5)` gives float32. Numbers alone, and numbers beside bool, are float32. A whole number that
 * int8 and uint8 tensors cannot hold is refused.
 */
export function promoteOperands<T extends readonly TensorLike[]>(where: string, ...operands: T): Tensors<T> {
  const tensors = operands.map(x => toTensor(x, where))
  const { dtype, weak } = first(tensors).aval
  if (tensors.every(t => t.dtype === dtype && t.aval.weak === weak)) return tensors as Tensors<T>
  const typed = integerNumbers(where, tensors)
  const to = typed.map((t): WeakDType => t.aval).reduce(promote)
  return typed.map(t => (t.dtype === to.dtype ? t : convertTo(t, to))) as Tensors<T>
}

const isNumber = (t: Tensor): boolean => t.aval.weak && 'scalar' in t.value

/** Beside integers, without floats, numbers with an integral value of 32 bits become weak integers; everything else stays. */
function integerNumbers(where: string, tensors: readonly Tensor[]): readonly Tensor[] {
  const others = tensors.filter(t => !isNumber(t))
  const { dtype } = others.map((t): WeakDType => t.aval).reduce(promote, { dtype: 'bool', weak: false })
  return isInteger(dtype) ? tensors.map(t => asInteger(where, t, dtype)) : tensors
}

function asInteger(where: string, t: Tensor, dtype: DType): Tensor {
  if (!isNumber(t) || !('scalar' in t.value)) return t
  const n = t.value.scalar
  if (!Number.isInteger(n) || n < -(2 ** 31) || n >= 2 ** 32) return t
  if (bitsOf(dtype) === 8 && (n < -128 || n > 255))
    fail('ValueError', `${where}: ${n} does not fit ${dtype}. Convert the tensor first: x.astype('int32').`)
  return scalarOf(convert(n, dtype), dtype, true)
}

/** An operand of a function on floats: integers and booleans become float32, as in JAX. */
export function toFloat(where: string, x: TensorLike): Tensor {
  const t = toTensor(x, where)
  return isFloat(t.dtype) ? t : astype(t, 'float32')
}

/** `f` in float32 where x is a float of 16 bits, rounded once at the end: for what is made of several sums and quotients. */
export function inFloat32(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  return isHalf(x.dtype) ? astype(f(astype(x, 'float32')), x.dtype) : f(x)
}

/** Operands of an elementwise function that is made of others: promoted, and checked to broadcast, so that the error has its name. */
export function promoteElementwise<T extends readonly TensorLike[]>(where: string, ...operands: T): Tensors<T> {
  const tensors = promoteOperands(where, ...operands)
  broadcastShapes(where, ...tensors.map(t => t.shape))
  return tensors
}

/** An operand that is true or false: is it not zero? */
export const toBool = (where: string, x: TensorLike): Tensor => astype(toTensor(x, where), 'bool')

/** Operands of a function on floats: promoted, then integers and booleans become float32. */
export function promoteFloats<T extends readonly TensorLike[]>(where: string, ...operands: T): Tensors<T> {
  return promoteOperands(where, ...operands).map(t => toFloat(where, t)) as Tensors<T>
}
