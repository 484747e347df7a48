/**
 * Deep Q-learning, Mnih et al. 2015 (Nature 518), with the double estimate of van Hasselt et al. 2016, https://arxiv.org/abs/1509.06461: a network learns
 * what a push is worth from a memory of what pushes have led to.
 */
import { type Key, type Tensor, argmax, array, jit, lax, mean, random, remainder, scan, take, tree, where, zeros } from '@cotangent/core'
import { type AdamState, type TrainState, adam, huberLoss, initTrainState, oneHot, schedules, trainStep } from '@cotangent/nn'
import { ACTIONS, type Cart, OBSERVATION, type Policy, play, resetAll } from './environment.ts'
import type { Effort, Method } from './method.ts'
import { type NetworkParams, actor, greedy, meanLength } from './networks.ts'

const DISCOUNT = 0.99
/** Rounds of playing and learning in an update, and steps of learning in a round. */
const ROUNDS = 32
const LESSONS = 4
const BATCH = 256
/** Rounds that the memory holds. */
const KEPT_ROUNDS = 1024
/** How fast the network that judges follows the one that learns, a step. */
const FOLLOW = 0.05
/** Share of random pushes at first and in the end, and the share of all rounds in which it falls. */
const EXPLORE = { from: 1, to: 0.05, share: 0.2 } as const

/** `[n, ...]` */
interface Memory {
  readonly seen: Tensor
  readonly pushes: Tensor
  readonly next: Tensor
  readonly failed: Tensor
}
/** With the values of what was seen next. */
interface Lesson {
  readonly seen: Tensor
  readonly pushes: Tensor
  readonly target: Tensor
}
interface State {
  readonly learner: TrainState<NetworkParams, null, AdamState<NetworkParams>>
  /** An average of the past networks, which changes slowly. */
  readonly judge: NetworkParams
  readonly carts: Cart
  readonly memory: Memory
  /** int32, `[]` */
  readonly round: Tensor
}

/** Of each row, the value of its push: `[n]`. */
const chosen = (values: Tensor, pushes: Tensor): Tensor => values.mul(oneHot(pushes, ACTIONS)).sum({ axis: -1 })

/**
 * What pushes were worth: -1 for the one after which the pole fell, nothing for others, and later ones 1 % less each. Rewards of 1 a step would order pushes
 * alike, but with values up to 100, whose small differences decide, a network takes long. The learner says which push is best next, the judge what it is
 * worth: one network would call its own errors good.
 */
function targetsOf(state: Pick<State, 'learner' | 'judge'>, { next, failed }: Memory): Tensor {
  const best = argmax(actor.apply(state.learner.params, next), { axis: -1 })
  return where(failed, -1, chosen(actor.apply(state.judge, next), best).mul(DISCOUNT))
}

/** Greedy but for a share of random pushes. */
const exploring =
  (params: NetworkParams, share: Tensor): Policy =>
  (seen, key) => {
    const [whetherKey, pushKey] = random.split(key),
      n = seen.shape[0] as number
    return where(random.uniform(whetherKey, [n]).less(share), random.randint(pushKey, [n], 0, ACTIONS), greedy(params)(seen, key))
  }

export function dqn({ carts, updates }: Effort): Method<State> {
  const optimizer = adam(schedules.linear(1e-3, 1e-5, updates * ROUNDS * LESSONS)),
    size = KEPT_ROUNDS * carts
  const explore = schedules.linear(EXPLORE.from, EXPLORE.to, EXPLORE.share * updates * ROUNDS)
  const learn = trainStep(
    (params: NetworkParams, state: null, { seen, pushes, target }: Lesson) => ({
      loss: huberLoss(chosen(actor.apply(params, seen), pushes), target),
      state,
    }),
    optimizer,
    { donate: false },
  )
  const remember = (memory: Memory, fresh: Memory, round: Tensor): Memory => {
    const start = remainder(round, KEPT_ROUNDS).mul(carts)
    return tree.map(
      (old: Tensor, t: Tensor) => lax.dynamicUpdateSlice(old, t, [start, ...t.shape.slice(1).map(() => 0)]),
      memory,
      fresh as NoInfer<Memory>,
    )
  }
  const lesson = (state: State, key: Key): readonly [State, Tensor] => {
    const filled = where(state.round.less(KEPT_ROUNDS), state.round, KEPT_ROUNDS).mul(carts)
    const rows = random.randint(key, [BATCH], 0, filled)
    const some = tree.map((t: Tensor) => take(t, rows, { axis: 0 }), state.memory)
    const [learner, { loss }] = learn(state.learner, { seen: some.seen, pushes: some.pushes, target: targetsOf(state, some) })
    const judge = tree.map((j: Tensor, p: Tensor) => j.add(p.sub(j).mul(FOLLOW)), state.judge, learner.params as NoInfer<NetworkParams>)
    return [{ ...state, learner, judge }, loss as Tensor]
  }
  const round = (state: State, key: Key): readonly [State, { readonly loss: Tensor; readonly over: Tensor }] => {
    const [playKey, learnKey] = random.split(key)
    const [moved, experience] = play(exploring(state.learner.params, explore(state.round)), state.carts, playKey, 1)
    const { over, ...fresh } = tree.map((t: Tensor) => t.reshape(t.shape.slice(1)), experience)
    const seen = { ...state, carts: moved, memory: remember(state.memory, fresh, state.round), round: state.round.add(1) }
    const [next, losses] = scan(lesson, seen, random.splitBatch(learnKey, LESSONS))
    return [next, { loss: mean(losses), over }]
  }
  const init = (key: Key): State => {
    const [initKey, startKey] = random.split(key),
      { params } = actor.init(initKey, [OBSERVATION])
    const observations = zeros([size, OBSERVATION])
    const memory = {
      seen: observations,
      pushes: zeros([size], { dtype: 'int32' }),
      next: observations,
      failed: zeros([size], { dtype: 'bool' }),
    }
    const learner = initTrainState(optimizer, params, null, initKey)
    return { learner, judge: params, carts: resetAll(startKey, carts), memory, round: array(0, { dtype: 'int32' }) }
  }
  const update = jit((state: State, key: Key) => {
    const [next, { loss, over }] = scan(round, state, random.splitBatch(key, ROUNDS))
    return [next, { loss: mean(loss), length: meanLength(over) }] as const
  })
  return { init, update, policy: state => state.learner.params, updates }
}
