/** Rounding to integers, kept in the float dtype. Derivative zero. Integers and bool are returned as they are. */
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { divide, multiply } from './arithmetic.ts'
import { astype } from './cast.ts'
import { elementwise } from './family.ts'
import type { NoParams, SimplePrimitive } from './primitive.ts'

type Elementwise = SimplePrimitive<NoParams>

/* @__NO_SIDE_EFFECTS__ */
function rounding(name: 'floor' | 'ceil' | 'trunc' | 'round'): Elementwise {
  return elementwise({ name, inputs: ['x'], domain: 'float', derivatives: ['zero'], cost: 1 })
}

export const floorP: Elementwise = rounding('floor')
export const ceilP: Elementwise = rounding('ceil')
export const truncP: Elementwise = rounding('trunc')
export const roundP: Elementwise = rounding('round')

function apply(primitive: Elementwise, x: TensorLike): Tensor {
  const t = toTensor(x, primitive.name)
  return isFloat(t.dtype) ? bind1(primitive, [t]) : t
}

/** The largest integer not above x. NumPy: `floor`. */
export function floor(x: TensorLike): Tensor {
  return apply(floorP, x)
}
/** The smallest integer not below x. NumPy: `ceil`. */
export function ceil(x: TensorLike): Tensor {
  return apply(ceilP, x)
}
/** x without its fraction. NumPy: `trunc`, `fix`. */
export function trunc(x: TensorLike): Tensor {
  return apply(truncP, x)
}
/** The nearest number with so many decimals (default 0; negative: tens, hundreds ...), halves to even. NumPy: `round`. */
export function round(x: TensorLike, options: { readonly decimals?: number } = {}): Tensor {
  const { decimals = 0 } = checkOptions('round', options, 'decimals')
  if (!Number.isInteger(decimals)) fail('ValueError', `round: decimals must be an integer, got ${decimals}.`)
  const t = toTensor(x, 'round')
  if (decimals === 0) return apply(roundP, t)
  if (!isFloat(t.dtype) && decimals > 0) return t
  const scale = 10 ** Math.abs(decimals)
  const scaled = apply(roundP, decimals > 0 ? multiply(t, scale) : divide(t, scale))
  return astype(decimals > 0 ? divide(scaled, scale) : multiply(scaled, scale), t.dtype)
}
