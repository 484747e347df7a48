/** Derivatives that linear and bilinear primitives share. */
import { bind1 } from '../program/bind.ts'
import type { Tensor } from '../tensor.ts'
import { add } from './arithmetic.ts'
import type { MaybeTensor, Primitive } from './primitive.ts'

/** The sum of two tangents, either of which may be an unmaterialised zero. */
export const addTangents = (a: MaybeTensor, b: MaybeTensor): MaybeTensor => (a === null ? b : b === null ? a : add(a, b))

/** The tangent of f(x, y), linear in each: f(tx, y) + f(x, ty). */
export function bilinearJvp<P extends object>(
  f: Primitive<P>,
  [x, y]: readonly Tensor[],
  [tx, ty]: readonly MaybeTensor[],
  params: P,
): MaybeTensor {
  const left = tx == null ? null : bind1(f, [tx, y as Tensor], params)
  const right = ty == null ? null : bind1(f, [x as Tensor, ty], params)
  return addTangents(left, right)
}

/** The tangent of a primitive that is linear in its first input and has no other differentiable ones: itself. */
export const linearJvp =
  <P extends object>(f: Primitive<P>) =>
  (primals: readonly Tensor[], [t]: readonly MaybeTensor[], _: readonly Tensor[], params: P): readonly MaybeTensor[] => [
    t == null ? null : bind1(f, [t, ...primals.slice(1)], params),
  ]
