/** Arithmetic: add, subtract, multiply, divide, remainder, negate, absolute value, sign, maximum, minimum. Elementwise with NumPy broadcasting. */
import { isFloat, isHalf, isUnsigned } from '../dtype.ts'
import { bind1 } from '../program/bind.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { andP, orP } from './bitwise.ts'
import { astype, promoteElementwise, promoteFloats, promoteOperands } from './cast.ts'
import { equal, greater, less, notEqual } from './comparison.ts'
import { type Derivative, elementwise } from './family.ts'
import type { NoParams, SimplePrimitive } from './primitive.ts'
import { floor, round, trunc } from './rounding.ts'
import { where } from './select.ts'

type Elementwise = SimplePrimitive<NoParams>

export const addP: Elementwise = elementwise({
  name: 'add',
  inputs: ['x', 'y'],
  domain: 'number',
  cost: 1,
  derivatives: [t => t, t => t],
  transpose: [ct => ct, ct => ct],
})
export const subP: Elementwise = elementwise({
  name: 'sub',
  publicName: 'subtract',
  inputs: ['x', 'y'],
  domain: 'number',
  cost: 1,
  derivatives: [t => t, t => negative(t)],
  transpose: [ct => ct, ct => negative(ct)],
})
export const mulP: Elementwise = elementwise({
  name: 'mul',
  publicName: 'multiply',
  inputs: ['x', 'y'],
  domain: 'number',
  cost: 1,
  derivatives: [(t, [, y]) => multiply(t, y as Tensor), (t, [x]) => multiply(x as Tensor, t)],
  transpose: [(ct, [, y]) => multiply(ct, y as Tensor), (ct, [x]) => multiply(x as Tensor, ct)],
})
/** Truncates for integers; the public divide never gives it integers. */
export const divP: Elementwise = elementwise({
  name: 'div',
  publicName: 'divide',
  inputs: ['x', 'y'],
  domain: 'number',
  cost: 4,
  derivatives: [(t, [, y]) => divide(t, y as Tensor), (t, [, y], out) => multiply(t, negative(divide(out, y as Tensor)))],
  transpose: [(ct, [, y]) => divide(ct, y as Tensor), null],
})
/** C's remainder: the sign of the dividend. */
export const remP: Elementwise = elementwise({
  name: 'rem',
  publicName: 'fmod',
  inputs: ['x', 'y'],
  domain: 'number',
  cost: 4,
  derivatives: [t => t, (t, [x, y]) => multiply(t, negative(trunc(divide(x as Tensor, y as Tensor))))],
})
export const negP: Elementwise = elementwise({
  name: 'neg',
  publicName: 'negative',
  inputs: ['x'],
  domain: 'number',
  cost: 1,
  derivatives: [t => negative(t)],
  transpose: [ct => negative(ct)],
})
export const absP: Elementwise = elementwise({
  name: 'abs',
  inputs: ['x'],
  domain: 'number',
  cost: 1,
  derivatives: [(t, [x]) => multiply(t, sign(x as Tensor))],
})
export const signP: Elementwise = elementwise({ name: 'sign', inputs: ['x'], domain: 'number', cost: 1, derivatives: ['zero'] })

/**
 * The operand that is the result gets the tangent; at ties each gets half of it. In 16 bits the result may have been rounded where the operand was not, so that
 * they are not equal: there the operands are compared, by `beats`.
 */
const winner =
  /* @__NO_SIDE_EFFECTS__ */
    (i: 0 | 1, beats: (x: Tensor, y: Tensor) => Tensor): Derivative =>
    (t, xs, out) => {
      const mine = xs[i] as Tensor,
        other = xs[1 - i] as Tensor
      if (isHalf(mine.dtype)) return multiply(t, where(beats(mine, other), 1, where(equal(mine, other), 0.5, 0)))
      return multiply(t, where(equal(mine, out), where(equal(other, out), 0.5, 1), 0))
    }
export const maxP: Elementwise = elementwise({
  name: 'max',
  publicName: 'maximum',
  inputs: ['x', 'y'],
  domain: 'any',
  cost: 1,
  derivatives: [winner(0, (x, y) => greater(x, y)), winner(1, (x, y) => greater(x, y))],
})
export const minP: Elementwise = elementwise({
  name: 'min',
  publicName: 'minimum',
  inputs: ['x', 'y'],
  domain: 'any',
  cost: 1,
  derivatives: [winner(0, (x, y) => less(x, y)), winner(1, (x, y) => less(x, y))],
})

/** x + y, elementwise; bool: or. NumPy: `add`. */
export function add(x: TensorLike, y: TensorLike): Tensor {
  const operands = promoteOperands('add', x, y)
  return bind1(operands[0].dtype === 'bool' ? orP : addP, operands)
}
/** x - y, elementwise; refuses bool. NumPy: `subtract`. */
export function subtract(x: TensorLike, y: TensorLike): Tensor {
  return bind1(subP, promoteOperands('subtract', x, y))
}
/** x * y, elementwise; bool: and. NumPy: `multiply`. */
export function multiply(x: TensorLike, y: TensorLike): Tensor {
  const operands = promoteOperands('multiply', x, y)
  return bind1(operands[0].dtype === 'bool' ? andP : mulP, operands)
}
/** x / y, elementwise. Always a float: integers are converted to float32. NumPy: `divide`, `true_divide`. */
export function divide(x: TensorLike, y: TensorLike): Tensor {
  return bind1(divP, promoteFloats('divide', x, y))
}
/**
 * The largest integer not above x / y, in the operands' dtype. Integers divided by zero give -1, floats x / 0. Made of the exact remainder, so that a
 * quotient that rounds to an integer or to zero is not a fault. NumPy: `floor_divide`, Python's `//`.
 */
export function floorDivide(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promoteElementwise('floorDivide', x, y)
  const rest = fmod(a, b),
    borrow = astype(signsDiffer(rest, b), a.dtype)
  if (isFloat(a.dtype)) return where(equal(b, 0), floor(divide(a, b)), round(subtract(divide(subtract(a, rest), b), borrow)))
  const quotient = bind1(divP, [a, b])
  return isUnsigned(a.dtype) ? quotient : subtract(quotient, borrow)
}
/** x - floor(x / y) * y: the remainder with the sign of y. NumPy: `remainder`, `mod`, Python's `%`. */
export function remainder(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promoteElementwise('remainder', x, y)
  const r = fmod(a, b)
  return where(signsDiffer(r, b), add(r, b), r)
}
/** A remainder that is not zero and has not the sign of y. */
const signsDiffer = (r: Tensor, y: Tensor): Tensor => multiply(notEqual(r, 0), notEqual(less(r, 0), less(y, 0)))

/** The remainder with the sign of x, as C. NumPy: `fmod`. */
export function fmod(x: TensorLike, y: TensorLike): Tensor {
  return bind1(remP, promoteOperands('fmod', x, y))
}
/** -x, elementwise; refuses bool. NumPy: `negative`. */
export function negative(x: TensorLike): Tensor {
  return bind1(negP, [toTensor(x, 'negative')])
}
/** |x|, elementwise. Its derivative at 0 is 0. NumPy: `abs`. */
export function abs(x: TensorLike): Tensor {
  const t = toTensor(x, 'abs')
  return t.dtype === 'bool' || isUnsigned(t.dtype) ? t : bind1(absP, [t])
}
/** -1, 0 or 1; NaN stays. NumPy: `sign`. */
export function sign(x: TensorLike): Tensor {
  return bind1(signP, [toTensor(x, 'sign')])
}
/** The larger of x and y; NaN if either is. Ties share the gradient. NumPy: `maximum`. */
export function maximum(x: TensorLike, y: TensorLike): Tensor {
  return bind1(maxP, promoteOperands('maximum', x, y))
}
/** The smaller of x and y; NaN if either is. Ties share the gradient. NumPy: `minimum`. */
export function minimum(x: TensorLike, y: TensorLike): Tensor {
  return bind1(minP, promoteOperands('minimum', x, y))
}
