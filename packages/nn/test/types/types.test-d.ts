/** Types of layers and optimisers that must hold; compiled, never run. `same<A>()(value)` compiles only when the value's type is exactly A. */
import { concatAll } from 'fp-ts/lib/Monoid.js'
import { type Key, type Shape, type Tensor, type TreeOf, add, jit, mean, multiply, tree, valueAndGrad } from '@cotangent/core'
import {
  type AdamState,
  type Chain,
  type Adam,
  type Conv,
  type Dense,
  type Fixed,
  type GradientTransformation,
  type Initialized,
  type Layer,
  type MomentumState,
  type Opaque,
  type SgdState,
  type StateFor,
  type StateOf,
  adam,
  applyUpdates,
  avgPool2d,
  chain,
  conv2d,
  dense,
  dropout,
  flatten,
  identity,
  maxPool2d,
  momentum,
  monoid,
  named,
  opaque,
  relu,
  serial,
  sgd,
  softmax,
  stateless,
} from '@cotangent/nn'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A>(): <B>(value: B, ...proof: Equal<A, B> extends true ? [] : [expected: A]) => void
declare const x: Tensor, key: Key, shape: Shape

// A layer with state, as batch normalisation has it.
interface Scale {
  readonly scale: Tensor
}
interface Moments {
  readonly mean: Tensor
}
declare const normalise: Layer<Scale, Moments>

// Layers.
same<Layer<Dense>>()(dense(64))
same<Layer<Conv>>()(conv2d(32, 3))
same<Layer<null>>()(dropout(0.5))
const mlp = serial(flatten, dense(64), relu, dense(10))
same<Layer<readonly [null, Dense, null, Dense], null, Tensor, Tensor>>()(mlp)
same<Initialized<readonly [null, Dense, null, Dense], null>>()(mlp.init(key, shape))
same<Tensor>()(mlp.apply(mlp.init(key, shape).params, x))
const cnn = serial(conv2d(32, 3), normalise, relu, maxPool2d(2), avgPool2d([2, 1]), flatten, dropout(0.5), dense(10), softmax)
same<
  Layer<
    readonly [Conv, Scale, null, null, null, null, null, Dense, null],
    readonly [null, Moments, null, null, null, null, null, null, null],
    Tensor,
    Tensor
  >
>()(cnn)
const { params: cnnParams, state: cnnState } = cnn.init(key, shape)
const [y, moments] = cnn.step(cnnParams, cnnState, x, { train: true, key })
same<Tensor>()(y)
same<Moments>()(moments[1])
const words = stateless<null, readonly string[], Tensor>(
  (_, input) => ({ params: null, output: input }),
  () => x,
)
same<Layer<readonly [null, Dense], null, readonly string[], Tensor>>()(serial(words, dense(2)))

// Names.
const net = named({ stem: conv2d(32, 3), act: relu, body: serial(flatten, dense(3)), head: dense(10) })
same<{ readonly stem: Conv; readonly act: null; readonly body: readonly [null, Dense]; readonly head: Dense }>()(
  net.init(key, shape).params,
)
same<null>()(net.init(key, shape).state)
same<{ readonly a: null; readonly b: Moments }>()(named({ a: dense(1), b: normalise }).init(key, shape).state)

// Optimisers: the state follows from the parameters' type.
type Mlp = readonly [null, Dense, null, Dense]
const { params } = mlp.init(key, shape)
same<SgdState>()(sgd(0.1).init(params))
same<MomentumState<Mlp>>()(momentum(0.1, { nesterov: true }).init(params))
same<AdamState<Mlp>>()(adam().init(params))
same<null>()(identity().init(params))
const optimizer = chain(
  momentum(0.1),
  adam(step => multiply(step, 1e-3)),
)
same<readonly [MomentumState<Mlp>, AdamState<Mlp>]>()(optimizer.init(params))
same<readonly [SgdState, readonly [null, AdamState<Mlp>]]>()(chain(sgd(1), chain(identity(), adam())).init(params))
same<StateFor<Chain<readonly [GradientTransformation<Fixed<null>>, GradientTransformation<Adam>]>, Dense>>()(
  null as unknown as readonly [null, AdamState<Dense>],
)
same<Opaque>()(concatAll(monoid)([opaque(sgd(0.1)), opaque(adam(0.1))]))

// A train step.
const state = optimizer.init(params)
const step = jit(
  (p: typeof params, s: typeof state, a: Tensor) => {
    const [value, g] = valueAndGrad((q: typeof params) => mean(mlp.apply(q, a)))(p)
    const [updates, next] = optimizer.update(g, s, p)
    return [applyUpdates(p, updates), next, value] as const
  },
  { donate: [0, 1] },
)
same<readonly [typeof params, typeof state, Tensor]>()(step(params, state, x))

// Generic user code needs one bound and no cast.
function fit<P extends TreeOf<P>, F extends StateOf, B>(
  loss: (p: P, batch: B) => Tensor,
  opt: GradientTransformation<F>,
  start: P,
  batches: readonly B[],
) {
  const next = jit((p: P, s: StateFor<F, P>, batch: B) => {
    const [value, g] = valueAndGrad(loss)(p, batch)
    const [updates, t] = opt.update(
      tree.map((a, w) => add(a, multiply(w, 1e-4)), g, p),
      s,
      p,
    )
    return { p: applyUpdates(p, updates), state: t, value }
  })
  return batches.reduce((now, batch) => next(now.p, now.state, batch), { p: start, state: opt.init(start) })
}
interface Linear {
  readonly w: Tensor
  readonly b: Tensor
}
declare const linear: Linear
const fitted = fit((p: Linear, b: Tensor) => add(multiply(p.w, b), p.b), chain(identity(), adam(0.1)), linear, [x])
same<Linear>()(fitted.p)
same<readonly [null, AdamState<Linear>]>()(fitted.state)

// A hundred layers are as cheap as ten.
const ten = serial(relu, dense(1), relu, dense(1), relu, dense(1), relu, dense(1), relu, dense(1))
const hundred = serial(ten, ten, ten, ten, ten, ten, ten, ten, ten, ten)
same<Tensor>()(hundred.apply(hundred.init(key, shape).params, x))
