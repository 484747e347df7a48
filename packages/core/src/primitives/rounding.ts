/** Rounding to integers, kept in the float dtype. Derivative zero. Integers and bool are returned as they are. */
import { isFloat } from '../dtype.ts'
import { bind1 } from '../program/bind.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
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
/** The nearest integer, halves to even. NumPy: `round` to 0 decimals, `rint`. */
export function round(x: TensorLike): Tensor {
  return apply(roundP, x)
}
