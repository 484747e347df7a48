/**
 * Proximal policy optimisation, Schulman et al. 2017, https://arxiv.org/abs/1707.06347: some steps of all carts, then some epochs on them, in which no action
 * becomes much likelier or less likely than it was. Advantages are those of Schulman et al. 2016, https://arxiv.org/abs/1506.02438.
 */
import {
  type Key,
  type Tensor,
  add,
  clip,
  exp,
  jit,
  logicalNot,
  maximum,
  mean,
  random,
  scan,
  square,
  sum,
  take,
  tree,
  zerosLike,
} from '@cotangent/core'
import { adam, chain, clipByGlobalNorm, initTrainState, logSoftmax, schedules, softmax, trainStep } from '@cotangent/nn'
import { type Trajectory, resetAll, rollout } from './environment.ts'
import type { Effort, Method } from './method.ts'
import { type ActorCritic, actor, initActorCritic, logProbability, meanLength, normalized, sampled, valueOf } from './networks.ts'

const STEPS = 64
const EPOCHS = 4
const BATCHES = 4
const DISCOUNT = 0.99
/** Of the advantages: between one step's (0) and the whole episode's (1). */
const LAMBDA = 0.95
/** How far the ratio of probabilities may go from 1. */
const CLIP = 0.2
const VALUE_COEFFICIENT = 0.5
const ENTROPY_COEFFICIENT = 0.01

/** `[n, ...]` */
interface Batch {
  readonly observations: Tensor
  readonly actions: Tensor
  /** Of the actions, when they were taken. */
  readonly logProbability: Tensor
  readonly advantage: Tensor
  /** What the value should be. */
  readonly target: Tensor
}

function loss(params: ActorCritic, { observations, actions, logProbability: before, advantage, target }: Batch): Tensor {
  const logits = actor.apply(params.actor, observations)
  const ratio = exp(logProbability(logits, actions).sub(before)),
    a = normalized(advantage, zerosLike(advantage).add(1))
  const policyLoss = mean(
    maximum(
      ratio.mul(a).neg(),
      clip(ratio, 1 - CLIP, 1 + CLIP)
        .mul(a)
        .neg(),
    ),
  )
  const valueLoss = mean(square(valueOf(params.critic, observations).sub(target)))
  const entropy = mean(sum(softmax(logits).mul(logSoftmax(logits)), { axis: -1 })).neg()
  return policyLoss.add(valueLoss.mul(VALUE_COEFFICIENT)).sub(entropy.mul(ENTROPY_COEFFICIENT))
}

/** What each action was better than expected, `[steps, n]`: a sum over the rest of the episode, from the last step to the first. */
function advantages(values: Tensor, { nextObservations, terminated, done }: Trajectory, params: ActorCritic): Tensor {
  const goesOn = (ended: Tensor): Tensor => logicalNot(ended).astype('float32')
  // An episode that is long enough ends, but not badly: it would have gone on.
  const delta = valueOf(params.critic, nextObservations).mul(goesOn(terminated)).mul(DISCOUNT).add(1).sub(values)
  const [, result] = scan(
    (after: Tensor, [d, on]: readonly [Tensor, Tensor]) => {
      const a = d.add(after.mul(on).mul(DISCOUNT * LAMBDA))
      return [a, a] as const
    },
    zerosLike(delta.at(0).get()),
    [delta, goesOn(done)] as const,
    { reverse: true },
  )
  return result
}

function batchOf(params: ActorCritic, trajectory: Trajectory): Batch {
  const { observations, actions } = trajectory,
    value = valueOf(params.critic, observations),
    advantage = advantages(value, trajectory, params)
  const before = logProbability(actor.apply(params.actor, observations), actions)
  const flat = (t: Tensor): Tensor => t.reshape([-1, ...t.shape.slice(2)])
  return tree.map(flat, { observations, actions, logProbability: before, advantage, target: add(advantage, value) })
}

/** The same steps in another order: `[BATCHES, n / BATCHES, ...]`. */
function shuffled(batch: Batch, key: Key): Batch {
  const order = random.permutation(key, batch.actions.size)
  return tree.map((t: Tensor) => take(t, order, { axis: 0 }).reshape([BATCHES, -1, ...t.shape.slice(1)]), batch)
}

export function ppo({ carts, updates, maxSteps }: Effort) {
  const optimizer = chain(clipByGlobalNorm(0.5), adam(schedules.linear(2.5e-3, 0, updates * EPOCHS * BATCHES)))
  const train = trainStep((params: ActorCritic, state: null, batch: Batch) => ({ loss: loss(params, batch), state }), optimizer, {
    donate: false,
  })
  const init = (key: Key) => {
    const [initKey, startKey] = random.split(key)
    return { learner: initTrainState(optimizer, initActorCritic(initKey), null, initKey), carts: resetAll(startKey, carts) }
  }
  type State = ReturnType<typeof init>
  const update = jit(
    (state: State, key: Key) => {
      const [playKey, orderKey] = random.split(key)
      const [moved, trajectory] = rollout(sampled(state.learner.params.actor), state.carts, playKey, Math.min(STEPS, maxSteps))
      const batch = batchOf(state.learner.params, trajectory)
      const [learner, losses] = scan(
        (before: State['learner'], epochKey: Key) =>
          scan((l: State['learner'], part: Batch) => [...train(l, part)] as const, before, shuffled(batch, epochKey)),
        state.learner,
        random.splitBatch(orderKey, EPOCHS),
      )
      return [
        { learner, carts: moved },
        { loss: mean(losses['loss'] as Tensor), length: meanLength(trajectory.done) },
      ] as const
    },
    { donate: [0] },
  )
  return { init, update, policy: (state: State) => state.learner.params.actor, updates } satisfies Method<State>
}
