/** L-BFGS (Nocedal 1980): the direction of Newton's method from the last few changes of the gradient. For whole batches. */
import {
  type Tensor,
  abs,
  array,
  concatenate,
  divide,
  equal,
  expandDims,
  greater,
  logicalAnd,
  logicalNot,
  minimum,
  multiply,
  ravelTree,
  scan,
  sliceAxis,
  sum,
  tree,
  where,
  zeros,
  whileLoop,
  less,
  lessEqual,
  add,
} from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import { dot, noUpdates } from './moments.ts'
import { type LearningRate, rateAt } from './rate.ts'
import type { ExtraArguments, Fixed, GradientTransformation } from './transformation.ts'

export interface LbfgsState {
  readonly count: Tensor
  /** The last steps and changes of the gradient, the newest last: `[memory, parameters]`; and `1 / (step . change)`: `[memory]`, 0 where there is none. */
  readonly steps: Tensor
  readonly changes: Tensor
  readonly weights: Tensor
  /** Scale of the first guess of the inverse Hessian: `[]`. */
  readonly scale: Tensor
  /** The last gradient and the last update: `[parameters]`. */
  readonly gradient: Tensor
  readonly update: Tensor
}
export interface LbfgsOptions {
  /** Changes to remember. Default 10 (optax; PyTorch 100). */
  readonly memory?: number
  /** Halves each step until the loss falls enough: `update(grads, state, params, { loss })`. Default false. */
  readonly lineSearch?: boolean
}

/** `updates = -rate H g` with the approximate inverse Hessian H; the first update is at most 1 long in the sum of absolute values. PyTorch: `LBFGS(max_iter=1)`. */
export function lbfgs(
  rate: LearningRate = 1,
  { memory = 10, lineSearch = false }: LbfgsOptions = {},
): GradientTransformation<Fixed<LbfgsState>> {
  return {
    init: params => {
      const [flat] = ravelTree(params),
        zero = flat.mul(0),
        table = zeros([memory, flat.size], { dtype: flat.dtype })
      return {
        count: noUpdates(),
        steps: table,
        changes: table.add(0),
        weights: table.slice(0).sum({ axis: 1 }),
        scale: array(1, { dtype: flat.dtype }),
        gradient: zero,
        update: zero.add(0),
      }
    },
    update: <P>(grads: P, state: LbfgsState, params: P, extra: ExtraArguments<P> = {}) => {
      const [g, unravel] = ravelTree(grads)
      const known = remember(state, g)
      const direction = newton(known, g),
        first = equal(state.count, 0)
      const whole = multiply(rateAt(rate, state.count), where(first, minimum(1, divide(1, sum(abs(g)))), 1))
      const length = lineSearch ? multiply(whole, searched(params, unravel(multiply(direction, whole)), grads, extra.loss)) : whole
      const update = multiply(direction, length)
      return [unravel(update), { ...known, count: state.count.add(1), gradient: g, update }]
    },
  }
}

/** The memory with the last step. Steps along which the gradient does not grow are left out. */
function remember(state: LbfgsState, g: Tensor): LbfgsState {
  const change = g.sub(state.gradient),
    product = dot(change, state.update)
  const good = logicalAnd(greater(product, 1e-10), greater(state.count, 0)),
    safe = where(good, product, 1)
  const pushed = (table: Tensor, row: Tensor): Tensor => where(good, concatenate([sliceAxis(table, 1), expandDims(row, 0)]), table)
  return {
    ...state,
    steps: pushed(state.steps, state.update),
    changes: pushed(state.changes, change),
    weights: pushed(state.weights, divide(1, safe)),
    scale: where(good, divide(safe, where(good, dot(change, change), 1)), state.scale),
  }
}

/** The two loops: Nocedal and Wright 2006, algorithm 7.4. */
function newton({ steps, changes, weights, scale }: LbfgsState, g: Tensor): Tensor {
  type Row = readonly [step: Tensor, change: Tensor, weight: Tensor]
  const rows = [steps, changes, weights] as const
  const [q, alphas] = scan(
    (v: Tensor, [step, change, weight]: Row) => {
      const alpha = multiply(weight, dot(step, v))
      return [v.sub(multiply(change, alpha)), alpha] as const
    },
    g.neg(),
    rows,
    { reverse: true },
  )
  const [direction] = scan(
    (v: Tensor, [[step, change, weight], alpha]: readonly [Row, Tensor]) =>
      [v.add(multiply(step, alpha.sub(multiply(weight, dot(change, v))))), null] as const,
    multiply(q, scale),
    [rows, alphas] as const,
  )
  return direction
}

function searched<P>(params: P, updates: P, grads: P, loss: ((params: P) => Tensor) | undefined): Tensor {
  if (loss === undefined) fail('ValueError', 'lbfgs: the line search needs the loss. Write update(grads, state, params, { loss }).')
  return backtracking(loss, params, updates, grads)
}

export interface BacktrackingOptions {
  /** Share of the fall that the gradient promises. Default 1e-4. */
  readonly slope?: number
  /** What each try is multiplied with. Default 0.5. */
  readonly factor?: number
  /** Tries; then the last one. Default 30. */
  readonly maxSteps?: number
}
/**
 * The factor of `updates`, a scalar of at most 1, at which the loss has fallen enough: Armijo's condition. For any optimiser: multiply its updates with it.
 * Nocedal and Wright 2006, algorithm 3.1. Not reverse-mode differentiable.
 */
export function backtracking<P>(loss: (params: P) => Tensor, params: P, updates: P, grads: P, options: BacktrackingOptions = {}): Tensor {
  const { slope = 1e-4, factor = 0.5, maxSteps = 30 } = options
  const start = loss(params),
    promised = dot(grads, updates)
  const at = (k: Tensor): Tensor =>
    loss(tree.map((p: Tensor, u: Tensor) => add(p, multiply(u, k.astype(u.dtype))), params, updates as NoInfer<P>))
  const enough = (k: Tensor): Tensor => lessEqual(at(k), start.add(multiply(promised, multiply(k, slope))))
  const one = array(1)
  const [size] = whileLoop(
    ([, tries, done]: readonly [Tensor, Tensor, Tensor]) => logicalAnd(logicalNot(done), less(tries, maxSteps)),
    ([k, tries]) => {
      const next = k.mul(factor)
      return [next, tries.add(1), enough(next)] as const
    },
    [one, noUpdates(), enough(one)] as const,
  )
  return size
}
