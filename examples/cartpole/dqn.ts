/**
 * Deep Q-learning, Mnih et al. 2015 (Nature 518), with the double estimate of van Hasselt et al. 2016, https://arxiv.org/abs/1509.06461: a network learns
 * what an action is worth from a buffer of what actions have led to.
 */
import { type Key, type Tensor, argmax, array, jit, lax, mean, random, remainder, scan, take, tree, where, zeros } from '@cotangent/core'
import { type AdamState, type TrainState, adam, huberLoss, initTrainState, oneHot, schedules, trainStep } from '@cotangent/nn'
import { ACTIONS, type Cart, OBSERVATION, type Policy, resetAll, rollout } from './environment.ts'
import type { Effort, Method } from './method.ts'
import { type NetworkParams, actor, greedy, meanLength } from './networks.ts'

const DISCOUNT = 0.99
/** Rounds of a step of all carts and some of learning in an update, and steps of learning in a round. */
const ROUNDS = 32
const GRADIENT_STEPS = 4
const BATCH = 256
/** Rounds that the replay buffer holds. */
const CAPACITY_ROUNDS = 1024
/** How far the target network goes towards the one that learns, a step. */
const TAU = 0.05
/** Share of random actions at first and in the end, and the share of all rounds in which it falls. */
const EPSILON = { from: 1, to: 0.05, share: 0.2 } as const

/** `[n, ...]` */
interface ReplayBuffer {
  readonly observations: Tensor
  readonly actions: Tensor
  readonly nextObservations: Tensor
  readonly terminated: Tensor
}
/** With the values of the next observations. */
interface Batch {
  readonly observations: Tensor
  readonly actions: Tensor
  readonly target: Tensor
}
interface State {
  readonly learner: TrainState<NetworkParams, null, AdamState<NetworkParams>>
  /** An average of the past networks, which changes slowly. */
  readonly targetNetwork: NetworkParams
  readonly carts: Cart
  readonly buffer: ReplayBuffer
  /** int32, `[]` */
  readonly round: Tensor
}

/** Of each row, the value of its action: `[n]`. */
const valuesOf = (values: Tensor, actions: Tensor): Tensor => values.mul(oneHot(actions, ACTIONS)).sum({ axis: -1 })

/**
 * What actions were worth: -1 for the one after which the pole fell, nothing for others, and later ones 1 % less each. Rewards of 1 a step would order actions
 * alike, but with values up to 100, whose small differences decide, a network takes long. The learner says which action is best next, the target network
 * what it is worth: one network would call its own errors good.
 */
function targetsOf(state: Pick<State, 'learner' | 'targetNetwork'>, { nextObservations, terminated }: ReplayBuffer): Tensor {
  const best = argmax(actor.apply(state.learner.params, nextObservations), { axis: -1 })
  return where(terminated, -1, valuesOf(actor.apply(state.targetNetwork, nextObservations), best).mul(DISCOUNT))
}

/** Greedy but for a share of random actions. */
const epsilonGreedy =
  (params: NetworkParams, share: Tensor): Policy =>
  (observations, key) => {
    const [whetherKey, actionKey] = random.split(key),
      n = observations.shape[0] as number
    return where(random.uniform(whetherKey, [n]).less(share), random.randint(actionKey, [n], 0, ACTIONS), greedy(params)(observations, key))
  }

export function dqn({ carts, updates }: Effort): Method<State> {
  const optimizer = adam(schedules.linear(1e-3, 1e-5, updates * ROUNDS * GRADIENT_STEPS)),
    size = CAPACITY_ROUNDS * carts
  const epsilon = schedules.linear(EPSILON.from, EPSILON.to, EPSILON.share * updates * ROUNDS)
  const train = trainStep(
    (params: NetworkParams, state: null, { observations, actions, target }: Batch) => ({
      loss: huberLoss(valuesOf(actor.apply(params, observations), actions), target),
      state,
    }),
    optimizer,
    { donate: false },
  )
  const store = (buffer: ReplayBuffer, fresh: ReplayBuffer, round: Tensor): ReplayBuffer => {
    const start = remainder(round, CAPACITY_ROUNDS).mul(carts)
    return tree.map(
      (old: Tensor, t: Tensor) => lax.dynamicUpdateSlice(old, t, [start, ...t.shape.slice(1).map(() => 0)]),
      buffer,
      fresh as NoInfer<ReplayBuffer>,
    )
  }
  const gradientStep = (state: State, key: Key): readonly [State, Tensor] => {
    const filled = where(state.round.less(CAPACITY_ROUNDS), state.round, CAPACITY_ROUNDS).mul(carts)
    const rows = random.randint(key, [BATCH], 0, filled)
    const some = tree.map((t: Tensor) => take(t, rows, { axis: 0 }), state.buffer)
    const [learner, { loss }] = train(state.learner, {
      observations: some.observations,
      actions: some.actions,
      target: targetsOf(state, some),
    })
    const targetNetwork = tree.map(
      (t: Tensor, p: Tensor) => t.add(p.sub(t).mul(TAU)),
      state.targetNetwork,
      learner.params as NoInfer<NetworkParams>,
    )
    return [{ ...state, learner, targetNetwork }, loss as Tensor]
  }
  const round = (state: State, key: Key): readonly [State, { readonly loss: Tensor; readonly done: Tensor }] => {
    const [playKey, learnKey] = random.split(key)
    const [moved, trajectory] = rollout(epsilonGreedy(state.learner.params, epsilon(state.round)), state.carts, playKey, 1)
    const { done, ...fresh } = tree.map((t: Tensor) => t.reshape(t.shape.slice(1)), trajectory)
    const played = { ...state, carts: moved, buffer: store(state.buffer, fresh, state.round), round: state.round.add(1) }
    const [next, losses] = scan(gradientStep, played, random.splitBatch(learnKey, GRADIENT_STEPS))
    return [next, { loss: mean(losses), done }]
  }
  const init = (key: Key): State => {
    const [initKey, startKey] = random.split(key),
      { params } = actor.init(initKey, [OBSERVATION])
    const observations = zeros([size, OBSERVATION])
    const buffer = {
      observations,
      actions: zeros([size], { dtype: 'int32' }),
      nextObservations: observations,
      terminated: zeros([size], { dtype: 'bool' }),
    }
    const learner = initTrainState(optimizer, params, null, initKey)
    return { learner, targetNetwork: params, carts: resetAll(startKey, carts), buffer, round: array(0, { dtype: 'int32' }) }
  }
  const update = jit((state: State, key: Key) => {
    const [next, { loss, done }] = scan(round, state, random.splitBatch(key, ROUNDS))
    return [next, { loss: mean(loss), length: meanLength(done) }] as const
  })
  return { init, update, policy: state => state.learner.params, updates }
}
