/** Circular and hyperbolic functions and their inverses: elementwise on floats; integers are converted to float32 first. Angles in radians. */
import { bind1 } from '../program/bind.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { add, divide, multiply, negative, subtract } from './arithmetic.ts'
import { promoteFloats, toFloat } from './cast.ts'
import { sqrt, square } from './exponential.ts'
import { type Derivative, elementwise } from './family.ts'
import type { NoParams, SimplePrimitive } from './primitive.ts'

type Elementwise = SimplePrimitive<NoParams>
type Name = 'sin' | 'cos' | 'tan' | 'asin' | 'acos' | 'atan' | 'sinh' | 'cosh' | 'tanh' | 'asinh' | 'acosh' | 'atanh'

/** `slope` is the derivative at x, where the value is `y`. */
/* @__NO_SIDE_EFFECTS__ */
function unary(name: Name, publicName: string, slope: (x: Tensor, y: Tensor) => Tensor): Elementwise {
  const derivative: Derivative = (t, [x], y) => multiply(t, slope(x as Tensor, y))
  return elementwise({ name, publicName, inputs: ['x'], domain: 'float', cost: 8, derivatives: [derivative] })
}

/** 1 - x^2 without cancellation near 1. */
function oneMinusSquare(x: Tensor): Tensor {
  return multiply(subtract(1, x), add(1, x))
}

export const sinP: Elementwise = unary('sin', 'sin', x => cos(x))
export const cosP: Elementwise = unary('cos', 'cos', x => negative(sin(x)))
export const tanP: Elementwise = unary('tan', 'tan', (_, y) => add(1, square(y)))
export const asinP: Elementwise = unary('asin', 'arcsin', x => divide(1, sqrt(oneMinusSquare(x))))
export const acosP: Elementwise = unary('acos', 'arccos', x => divide(-1, sqrt(oneMinusSquare(x))))
export const atanP: Elementwise = unary('atan', 'arctan', x => divide(1, add(1, square(x))))
export const sinhP: Elementwise = unary('sinh', 'sinh', x => cosh(x))
export const coshP: Elementwise = unary('cosh', 'cosh', x => sinh(x))
export const tanhP: Elementwise = unary('tanh', 'tanh', (_, y) => oneMinusSquare(y))
export const asinhP: Elementwise = unary('asinh', 'arcsinh', x => divide(1, sqrt(add(square(x), 1))))
export const acoshP: Elementwise = unary('acosh', 'arccosh', x => divide(1, sqrt(multiply(subtract(x, 1), add(x, 1)))))
export const atanhP: Elementwise = unary('atanh', 'arctanh', x => divide(1, oneMinusSquare(x)))
export const atan2P: Elementwise = elementwise({
  name: 'atan2',
  publicName: 'arctan2',
  inputs: ['y', 'x'],
  domain: 'float',
  cost: 12,
  derivatives: [
    (t, [y, x]) => multiply(t, divide(x as Tensor, squaredNorm(y as Tensor, x as Tensor))),
    (t, [y, x]) => multiply(t, divide(negative(y as Tensor), squaredNorm(y as Tensor, x as Tensor))),
  ],
})
function squaredNorm(y: Tensor, x: Tensor): Tensor {
  return add(square(x), square(y))
}

/** Sine. NumPy: `sin`. */
export function sin(x: TensorLike): Tensor {
  return bind1(sinP, [toFloat('sin', x)])
}
/** Cosine. NumPy: `cos`. */
export function cos(x: TensorLike): Tensor {
  return bind1(cosP, [toFloat('cos', x)])
}
/** Tangent. NumPy: `tan`. */
export function tan(x: TensorLike): Tensor {
  return bind1(tanP, [toFloat('tan', x)])
}
/** Inverse sine, in [-pi/2, pi/2]; NaN outside [-1, 1]. NumPy: `arcsin`. */
export function arcsin(x: TensorLike): Tensor {
  return bind1(asinP, [toFloat('arcsin', x)])
}
/** Inverse cosine, in [0, pi]; NaN outside [-1, 1]. NumPy: `arccos`. */
export function arccos(x: TensorLike): Tensor {
  return bind1(acosP, [toFloat('arccos', x)])
}
/** Inverse tangent, in [-pi/2, pi/2]. NumPy: `arctan`. */
export function arctan(x: TensorLike): Tensor {
  return bind1(atanP, [toFloat('arctan', x)])
}
/** The angle of the point (x, y), in [-pi, pi]. NumPy: `arctan2`. */
export function arctan2(y: TensorLike, x: TensorLike): Tensor {
  return bind1(atan2P, promoteFloats('arctan2', y, x))
}
/** Hyperbolic sine. NumPy: `sinh`. */
export function sinh(x: TensorLike): Tensor {
  return bind1(sinhP, [toFloat('sinh', x)])
}
/** Hyperbolic cosine. NumPy: `cosh`. */
export function cosh(x: TensorLike): Tensor {
  return bind1(coshP, [toFloat('cosh', x)])
}
/** Hyperbolic tangent. NumPy: `tanh`. */
export function tanh(x: TensorLike): Tensor {
  return bind1(tanhP, [toFloat('tanh', x)])
}
/** Inverse hyperbolic sine. NumPy: `arcsinh`. */
export function arcsinh(x: TensorLike): Tensor {
  return bind1(asinhP, [toFloat('arcsinh', x)])
}
/** Inverse hyperbolic cosine; NaN below 1. NumPy: `arccosh`. */
export function arccosh(x: TensorLike): Tensor {
  return bind1(acoshP, [toFloat('arccosh', x)])
}
/** Inverse hyperbolic tangent; NaN outside [-1, 1]. NumPy: `arctanh`. */
export function arctanh(x: TensorLike): Tensor {
  return bind1(atanhP, [toFloat('arctanh', x)])
}
