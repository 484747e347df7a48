/** Arithmetic: add, subtract, multiply, divide, remainder, negate, absolute value, sign, maximum, minimum. Elementwise with NumPy broadcasting. */
import { bind1 } from '../program/bind.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { promoteOperands } from './cast.ts'
import { equal, greater, less } from './comparison.ts'
import { elementwise } from './family.ts'
import type { NoParams, SimplePrimitive } from './primitive.ts'
import { selectLike } from './select.ts'

type Elementwise = SimplePrimitive<NoParams>

export const addP: Elementwise = elementwise({
  name: 'add', inputs: ['x', 'y'], domain: 'number', cost: 1,
  derivatives: [t => t, t => t],
  transpose: [ct => ct, ct => ct],
})
export const subP: Elementwise = elementwise({
  name: 'sub', inputs: ['x', 'y'], domain: 'number', cost: 1,
  derivatives: [t => t, t => negative(t)],
  transpose: [ct => ct, ct => negative(ct)],
})
export const mulP: Elementwise = elementwise({
  name: 'mul', inputs: ['x', 'y'], domain: 'number', cost: 1,
  derivatives: [(t, [, y]) => multiply(t, y as Tensor), (t, [x]) => multiply(x as Tensor, t)],
  transpose: [(ct, [, y]) => multiply(ct, y as Tensor), (ct, [x]) => multiply(x as Tensor, ct)],
})

/** x + y, elementwise. NumPy: `add`. */
export function add(x: TensorLike, y: TensorLike): Tensor {
  return bind1(addP, promoteOperands('add', x, y))
}
/** x - y, elementwise. NumPy: `subtract`. */
export function subtract(x: TensorLike, y: TensorLike): Tensor {
  return bind1(subP, promoteOperands('subtract', x, y))
}
/** x * y, elementwise. NumPy: `multiply`. */
export function multiply(x: TensorLike, y: TensorLike): Tensor {
  return bind1(mulP, promoteOperands('multiply', x, y))
}
