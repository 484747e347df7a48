/**
 * Deep Q-learning, Mnih et al. 2015 (Nature 518), with the double estimate of van Hasselt et al. 2016, https://arxiv.org/abs/1509.06461: a network learns
 * what an action is worth from a buffer of what actions have led to.
 */
import { type Key, type Tensor, argmax, array, jit, mean, random, scan, tree, where } from '@cotangent/core'
import { type AdamState, type TrainState, adam, huberLoss, initTrainState, oneHot, schedules, trainStep } from '@cotangent/nn'
import { ACTIONS, type Cart, OBSERVATION, type Policy, resetAll, rollout } from './environment.ts'
import type { Effort, Method } from './method.ts'
import { type NetworkParams, actor, greedy, meanLength } from './networks.ts'
import { type ReplayBuffer, drawn, emptyBuffer, stored } from './replayBuffer.ts'

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

/** `[n, ...]`, with the values of the next observations. */
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

/** The target network after a step of the one that learns. */
const followed = (targetNetwork: NetworkParams, params: NetworkParams): NetworkParams =>
  tree.map((t: Tensor, p: Tensor) => t.add(p.sub(t).mul(TAU)), targetNetwork, params as NoInfer<NetworkParams>)

const loss = (params: NetworkParams, { observations, actions, target }: Batch): Tensor =>
  huberLoss(valuesOf(actor.apply(params, observations), actions), target)

export function dqn({ carts, updates }: Effort): Method<State> {
  const optimizer = adam(schedules.linear(1e-3, 1e-5, updates * ROUNDS * GRADIENT_STEPS)),
    epsilon = schedules.linear(EPSILON.from, EPSILON.to, EPSILON.share * updates * ROUNDS)
  const train = trainStep((params: NetworkParams, state: null, batch: Batch) => ({ loss: loss(params, batch), state }), optimizer, {
    donate: false,
  })
  const gradientStep = (state: State, key: Key): readonly [State, Tensor] => {
    const steps = drawn(state.buffer, state.round.mul(carts), key, BATCH),
      { observations, actions } = steps
    const [learner, metrics] = train(state.learner, { observations, actions, target: targetsOf(state, steps) })
    return [{ ...state, learner, targetNetwork: followed(state.targetNetwork, learner.params) }, metrics['loss'] as Tensor]
  }
  const round = (state: State, key: Key): readonly [State, { readonly loss: Tensor; readonly done: Tensor }] => {
    const [playKey, learnKey] = random.split(key)
    const [moved, trajectory] = rollout(epsilonGreedy(state.learner.params, epsilon(state.round)), state.carts, playKey, 1)
    const { done, ...fresh } = tree.map((t: Tensor) => t.reshape(t.shape.slice(1)), trajectory)
    const buffer = stored(state.buffer, fresh, state.round.mul(carts))
    const played = { ...state, carts: moved, buffer, round: state.round.add(1) }
    const [next, losses] = scan(gradientStep, played, random.splitBatch(learnKey, GRADIENT_STEPS))
    return [next, { loss: mean(losses), done }]
  }
  const update = jit((state: State, key: Key) => {
    const [next, { loss: losses, done }] = scan(round, state, random.splitBatch(key, ROUNDS))
    return [next, { loss: mean(losses), length: meanLength(done) }] as const
  })
  return { init: key => begin(key, optimizer, carts), update, policy: state => state.learner.params, updates }
}

function begin(key: Key, optimizer: ReturnType<typeof adam>, carts: number): State {
  const [initKey, startKey] = random.split(key),
    { params } = actor.init(initKey, [OBSERVATION])
  return {
    learner: initTrainState(optimizer, params, null, initKey),
    targetNetwork: params,
    carts: resetAll(startKey, carts),
    buffer: emptyBuffer(CAPACITY_ROUNDS * carts),
    round: array(0, { dtype: 'int32' }),
  }
}
