/** The mistakes that people make; each must stay an error. Compiled, never run. */
import { type Key, type Tensor, cond, customVjp, exp, grad, jacfwd, jit, multiply, scan, sum, valueAndGrad, vmap } from '../../src/index.ts'

declare const x: Tensor, key: Key
type Linear = { readonly w: Tensor; readonly b: Tensor }
declare const linear: Linear
declare const p: boolean, double: (x: Tensor) => Tensor, pair: (x: Tensor) => { readonly y: Tensor }
declare const loss: (p: Linear, x: Tensor) => Tensor

export const mistakes: readonly unknown[] = [
  // @ts-expect-error a number among the parameters: the message names the leaf `lr` and says how
  grad((p: { w: Tensor; lr: number }) => p.w),
  // @ts-expect-error a loss that is not one scalar
  grad((p: Linear) => [sum(p.w), p.b]),
  // @ts-expect-error hasAux without [value, aux]
  valueAndGrad((p: Linear) => ({ loss: sum(p.w) }), { hasAux: true }),
  // @ts-expect-error a carry that changes structure
  scan((h: Linear, xi) => [h.w, xi], linear, x),
  // @ts-expect-error inAxes with a key that the tree does not have
  vmap(loss, { inAxes: [{ weight: 0 }, 0] }),
  // @ts-expect-error a static index that does not exist
  jit(loss, { static: [2] }),
  // @ts-expect-error an operator on tensors
  x + x,
  // @ts-expect-error a comparison of tensors
  x > 0,
  // @ts-expect-error a tensor where the tree is wanted
  grad((p: Linear, _k: Key) => sum(p.w))(x, key),
  // @ts-expect-error branches of different structure
  cond(p, double, pair, x),
  // @ts-expect-error a forgotten argument
  grad(loss)(linear),
  // @ts-expect-error too few cotangents
  customVjp((a: Tensor, _b: Tensor) => exp(a), { forward: (a, b) => [exp(a), b], backward: (r, ct) => [multiply(r, ct)] }),
  // @ts-expect-error an argument that does not exist
  multiply(grad(loss, { argnums: 2 })(linear, x), 1),
  // @ts-expect-error argnums count from 0
  multiply(grad(loss, { argnums: -1 })(linear, x), 1),
  // @ts-expect-error the same for Jacobians
  multiply(jacfwd(double, { argnums: 1 })(x), 1),
  // @ts-expect-error assignment to what is immutable
  (linear.w = x),
]
