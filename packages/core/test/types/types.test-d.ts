/** Types that must hold; compiled, never run. `same<A>()(value)` compiles only when the value's type is exactly A. */
import type { Option } from 'fp-ts/lib/Option.js'
import {
  type Key,
  type Static,
  type Tensor,
  type TreeNode,
  type TreeOf,
  add,
  allGather,
  axisIndex,
  axisSize,
  checkpoint,
  checkpointName,
  closureConvert,
  cond,
  customBatching,
  customJvp,
  customVjp,
  exp,
  flatten,
  foriLoop,
  grad,
  hessian,
  jacrev,
  jit,
  jvp,
  lax,
  multiply,
  pmean,
  ppermute,
  psum,
  pvary,
  random,
  scan,
  stopGradient,
  sum,
  switch_,
  tree,
  valueAndGrad,
  vjp,
  vmap,
  whileLoop,
} from '../../src/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A>(): <B>(value: B, ...proof: Equal<A, B> extends true ? [] : [expected: A]) => void
declare const x: Tensor, key: Key

// Parameters: type alias, interface, tuples, nested readonly arrays, Option, Static.
type Linear = { readonly w: Tensor; readonly b: Tensor }
interface Block {
  readonly attn: readonly [Linear, Linear]
  readonly name: string
  readonly heads: Static<number>
  readonly extra: Option<Tensor>
  readonly gone: null
}
type Union = { readonly kind: 'a'; readonly w: Tensor } | { readonly kind: 'b'; readonly v: readonly Tensor[] }
type Deep = { readonly union: Union; readonly blocks: readonly Block[]; readonly head?: Linear }
declare const linear: Linear, layers: Linear[], block: Block, deep: Deep
declare const loss: (p: Linear, x: Tensor, y: Tensor) => Tensor
declare const lossL: (p: Linear[], x: Tensor) => Tensor
declare const lossB: (p: Block) => Tensor
declare const lossD: (p: Deep, train: boolean) => Tensor
declare const lossAux: (p: Linear, x: Tensor) => readonly [Tensor, { acc: Tensor }]

same<Linear>()(grad(loss)(linear, x, x))
same<Linear[]>()(grad(lossL)(layers, x))
same<Block>()(grad(lossB)(block))
same<Deep>()(grad(lossD)(deep, true))
same<Tensor>()(grad(a => a.mul(a))(3))
same<Tensor>()(grad(grad((a: Tensor) => exp(a)))(0.5))
same<readonly [value: Tensor, grad: Linear]>()(valueAndGrad(loss)(linear, x, x))
same<Tensor>()(grad(loss, { argnums: 1 })(linear, x, x))
same<readonly [Linear, Tensor]>()(grad(loss, { argnums: [0, 2] })(linear, x, x))
same<readonly [Linear, { acc: Tensor }]>()(grad(lossAux, { hasAux: true })(linear, x))
same<readonly [value: readonly [Tensor, { acc: Tensor }], grad: Linear]>()(valueAndGrad(lossAux, { hasAux: true })(linear, x))
same<readonly [Tensor, { readonly n: Tensor }]>()(grad((a: Tensor) => [sum(a), { n: a }], { hasAux: true })(x))
const [out, pullback] = vjp(loss, linear, x, x)
same<Tensor>()(out)
same<readonly [p: Linear, x: Tensor, y: Tensor]>()(pullback(out))
same<readonly [out: Tensor, tangent: Tensor]>()(jvp(loss, [linear, x, x], [linear, x, x]))
same<Tensor>()(hessian((a: Tensor) => sum(a))(x))
same<Linear>()(jacrev((p: Linear) => p.w)(linear))

// Vectorising and compiling keep the signature.
same<Tensor>()(vmap(loss, { inAxes: [null, 0, 0] })(linear, x, x))
same<Tensor>()(vmap(loss, { inAxes: [{ w: 0, b: null }, 0, 0] })(linear, x, x))
same<Linear>()(vmap(grad(loss), { inAxes: [null, 0, 0] })(linear, x, x))
same<Linear>()(jit(grad(loss))(linear, x, x))
same<Linear>()(vmap(grad(loss), { inAxes: [null, 0, 0], outAxes: null, axisName: 'batch' })(linear, x, x))
same<Tensor>()(vmap(() => axisIndex('i'), { axisName: 'i', axisSize: 4 })())
same<Linear>()(pmean(linear, 'batch'))
same<Deep>()(pvary(deep, ['i', 'j']))
same<Linear[]>()(allGather(layers, 'i', { tiled: true }))
same<Block>()(ppermute(block, 'i', [[0, 1]]))
same<Tensor>()(psum(1, 'i'))
same<number>()(axisSize('i'))
same<Linear>()(await jit(grad(loss)).async(linear, x, x))
same<(params: Linear, x: Tensor, y: Tensor) => Promise<Linear>>()(jit(grad(loss)).async)
same<Linear>()(jit(<P extends TreeOf<P>>(p: P): P => p)(linear))
same<Tensor>()(
  jit((p: Linear, kind: 'relu' | 'gelu', a: Tensor) => loss(p, a, kind === 'relu' ? a : x), { static: [1] })(linear, 'relu', x),
)
same<Tensor>()(checkpoint(loss)(linear, x, x))
same<{ p: Linear; key: Key }>()(jit((p: Linear, k: Key) => ({ p, key: random.split(k)[0] }))(linear, key))

// Control flow.
same<readonly [carry: Linear, ys: Tensor]>()(scan((p, xi) => [{ w: add(p.w, xi), b: p.b }, p.w], linear, x))
same<readonly [carry: Tensor, ys: { h: Tensor }]>()(scan((h, _) => [multiply(h, 2), { h }], x, null, { length: 5 }))
same<readonly [carry: Tensor, ys: Tensor]>()(scan((total, v) => [total.add(v), total], 0, x))
same<Tensor>()(
  cond(
    true,
    (p, a) => multiply(p.w, a),
    (p, a) => add(p.b, a),
    linear,
    x,
  ),
)
same<Tensor>()(switch_(1, [a => a, a => multiply(a, 2)], x))
same<Linear>()(
  whileLoop(
    p => sum(p.w),
    p => ({ w: multiply(p.w, 2), b: p.b }),
    linear,
  ),
)
same<Tensor>()(foriLoop(0, 5, (i, total) => total.add(i), 0))
same<Tensor>()(
  customVjp((a: Tensor) => exp(a), {
    forward: a => {
      const y = exp(a)
      return [y, y]
    },
    backward: (y, ct) => [multiply(y, ct)],
  })(x),
)
same<Tensor>()(
  customJvp(
    (a: Tensor) => exp(a),
    ([a], [t]) => {
      const y = exp(a)
      return [y, multiply(y, t)]
    },
  )(x),
)
same<Tensor>()(
  customVjp(
    (f: (a: Tensor) => Tensor, p: Linear, n: number) => f(p.w).mul(n),
    {
      forward: (f, p, n) => [f(p.w).mul(n), p],
      backward: (p, ct, f, n) => [null, { w: f(p.b).mul(ct).mul(n), b: p.b }, null],
    },
    { nondiffArgnums: [0, 2] },
  )(exp, linear, 2),
)
same<Linear>()(
  customJvp(
    (p: Linear, n: number): Linear => ({ w: p.w.mul(n), b: p.b }),
    ([p, n], [t, none]) => {
      same<null>()(none)
      same<Linear>()(t)
      return [p, { w: t.w.mul(n), b: t.b }]
    },
    { nondiffArgnums: [1] },
  )(linear, 2),
)
same<Linear>()(
  customBatching(
    (p: Linear, a: Tensor): Linear => ({ w: p.w.mul(a), b: p.b }),
    (n, [is, a], p, b) => {
      same<{ readonly w: boolean; readonly b: boolean }>()(is)
      same<boolean>()(a)
      same<number>()(n)
      return [
        { w: p.w.mul(b), b: p.b },
        { w: true, b: is.b },
      ]
    },
  )(linear, x),
)
const [converted, consts] = closureConvert((p: Linear) => p, linear)
same<Linear>()(converted(linear, ...consts))
same<Linear>()(lax.map((a): Linear => ({ w: a, b: a }), x, { batchSize: 8 }))
same<Linear>()(checkpointName(linear, 'dense'))
same<Linear>()(stopGradient(linear))
same<Deep>()(tree.map(a => multiply(a, 2), deep))
same<Linear>()(tree.map((a, b, c) => add(add(a as Tensor, b as Tensor), c as Tensor), linear, linear, linear))

class Complex implements TreeNode<Complex> {
  readonly re: Tensor
  readonly im: Tensor
  constructor(re: Tensor, im: Tensor) {
    this.re = re
    this.im = im
  }
  [flatten]() {
    return [[this.re, this.im], ([re, im]: readonly unknown[]) => new Complex(re as Tensor, im as Tensor)] as const
  }
}
same<{ z: Complex }>()(grad((p: { z: Complex }) => p.z.re)({ z: new Complex(x, x) }))

// Generic user code needs one bound and no cast.
function descend<P extends TreeOf<P>, B>(f: (p: P, batch: B) => Tensor, params: P, batches: readonly B[]): P {
  const step = jit((p: P, batch: B) => {
    const [, g] = valueAndGrad(f)(p, batch)
    return tree.map((w, d) => add(w, multiply(d, -0.1)), p, g)
  })
  return batches.reduce((p, batch) => step(p, batch), params)
}
same<Linear>()(descend((p: Linear, b: Tensor) => loss(p, b, b), linear, [x]))

// Random keys.
const [k1, k2, k3] = random.split(key, 3)
same<Key>()(k1)
same<readonly [Key, Key]>()(random.split(k3))
same<Tensor>()(vmap(random.normal, { inAxes: [0, null] })(k2, [3]))
