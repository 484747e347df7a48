/** Optimisers that look at the loss itself: SAM and Sophia. */
import {
  type Key,
  type Tensor,
  add,
  clip,
  cond,
  divide,
  equal,
  grad,
  jvp,
  maximum,
  multiply,
  random,
  remainder,
  tree,
} from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import { type DecayOptions, descend } from './decay.ts'
import { average, corrected, globalNorm, noUpdates, zerosOf } from './moments.ts'
import { type LearningRate } from './rate.ts'
import type { ExtraArguments, GradientTransformation, StateFor, StateOf } from './transformation.ts'

function lossOf<P>(optimizer: string, extra: ExtraArguments<P> | undefined): (params: P) => Tensor {
  if (extra?.loss === undefined)
    fail(
      'ValueError',
      `${optimizer}: needs the loss as a function of the parameters. Write update(grads, state, params, { loss: p => ... }).`,
    )
  return extra.loss
}
/** The gradient by any tree: the bound of `grad` is for its users. */
const gradient = <P>(loss: (params: P) => Tensor): ((params: P) => P) =>
  grad(loss as (params: never) => Tensor) as unknown as (params: P) => P

/**
 * Sharpness-aware minimisation: the gradient is taken where the loss is highest within `rho` (default 0.05), then goes to the inner optimiser. Foret et al.
 * 2021, https://arxiv.org/abs/2010.01412. Costs one more gradient.
 */
export function sam<F extends StateOf>(
  inner: GradientTransformation<F>,
  { rho = 0.05 }: { readonly rho?: number } = {},
): GradientTransformation<F> {
  return {
    init: params => inner.init(params),
    update: <P>(grads: P, state: StateFor<F, P>, params: P, extra?: ExtraArguments<P>) => {
      const loss = lossOf('sam', extra),
        scale = divide(rho, maximum(globalNorm(grads), 1e-12))
      const worst = tree.map((p: Tensor, g: Tensor) => add(p, multiply(g, scale.astype(g.dtype))), params, grads as NoInfer<P>)
      return inner.update(gradient(loss)(worst), state, params, extra)
    },
  }
}

export interface SophiaState<P> {
  readonly count: Tensor
  readonly mu: P
  /** Decaying mean of estimates of the diagonal of the Hessian. */
  readonly nu: P
  readonly key: Key
}
export interface Sophia extends StateOf {
  readonly S: SophiaState<this['P']>
}
export interface SophiaOptions extends DecayOptions {
  /** Default 0.965. */
  readonly b1?: number
  /** Default 0.99. */
  readonly b2?: number
  /** Default 1e-8. */
  readonly eps?: number
  /** Scale of the diagonal. Default 0.01. */
  readonly gamma?: number
  /** Largest update before the rate. Default 1. */
  readonly clipThreshold?: number
  /** Steps between estimates. Default 10. */
  readonly updateInterval?: number
}
/**
 * Momentum divided by the diagonal of the Hessian, which Hutchinson's estimator finds every few steps, and clipped. Liu et al. 2023,
 * https://arxiv.org/abs/2305.14342 (Sophia-H). `weightDecay` default 1e-4 (optax). Needs `{ loss }`.
 */
export function sophia(rate: LearningRate, key: Key, options: SophiaOptions = {}): GradientTransformation<Sophia> {
  const { b1 = 0.965, b2 = 0.99, eps = 1e-8, gamma = 0.01, clipThreshold = 1, updateInterval = 10 } = options
  const direction = (loss: unknown): GradientTransformation<Sophia> => ({
    init: params => ({ count: noUpdates(), mu: zerosOf(params), nu: zerosOf(params), key }),
    update: <P>(grads: P, state: SophiaState<P>, params: P) => {
      const count = state.count.add(1),
        mu = average(b1, state.mu, grads)
      const updates = tree.map(
        (m: Tensor, h: Tensor) => clip(divide(m, maximum(multiply(h, gamma), eps)), -clipThreshold, clipThreshold),
        corrected(b1, count, mu),
        state.nu as NoInfer<P>,
      )
      const nu = cond(
        equal(remainder(state.count, updateInterval), 0),
        () => average(b2, state.nu, diagonal(loss as (params: P) => Tensor, params, random.foldIn(state.key, count))),
        () => state.nu,
      )
      return [updates, { count, mu, nu, key: state.key }]
    },
  })
  return {
    init: direction(null).init,
    update: (grads, state, params, extra) =>
      descend(rate, direction(lossOf('sophia', extra)), { weightDecay: 1e-4, ...options }).update(grads, state, params),
  }
}

/** Hutchinson's estimate of the diagonal of the Hessian: `s * (H s)` for random signs s. */
function diagonal<P>(loss: (params: P) => Tensor, params: P, key: Key): P {
  let i = 0
  const signs = tree.map(p => random.rademacher(random.foldIn(key, i++), p.shape).astype(p.dtype), params)
  const [, product] = jvp(gradient(loss) as (p: unknown) => unknown, [params], [signs])
  return tree.map((h: Tensor, s: Tensor) => multiply(h, s), product as P, signs as NoInfer<P>)
}
