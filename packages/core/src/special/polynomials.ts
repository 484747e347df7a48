/** Polynomials with fixed coefficients, evaluated elementwise. */
import { add, divide, multiply, subtract } from '../primitives/arithmetic.ts'
import type { Tensor, TensorLike } from '../tensor.ts'

/** c[0] x^n + ... + c[n] by Horner's scheme: the highest power first. */
export function horner(coefficients: readonly number[], x: Tensor): Tensor {
  const [first = 0, ...rest] = coefficients
  return rest.reduce<Tensor>((sum, c, i) => (i === 0 ? add(multiply(x, first), c) : add(multiply(sum, x), c)), x)
}

/** p(x) / q(x). */
export const rational = (p: readonly number[], q: readonly number[], x: Tensor): Tensor => divide(horner(p, x), horner(q, x))

/** The sum of c[k] T_k(t) for t in [-1, 1], by Clenshaw's recurrence. */
export function chebyshev(coefficients: readonly number[], t: Tensor): Tensor {
  const twice = multiply(t, 2)
  let next: TensorLike = 0,
    after: TensorLike = 0
  for (const c of coefficients.slice(1).reverse()) [next, after] = [add(subtract(multiply(twice, next), after), c), next]
  return add(subtract(multiply(t, next), after), coefficients[0] as number)
}
