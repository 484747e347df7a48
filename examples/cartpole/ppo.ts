/**
 * Proximal policy optimisation, Schulman et al. 2017, https://arxiv.org/abs/1707.06347: some steps of all carts, then some epochs on them, in which no push
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
import { type Experience, OBSERVATION, play, resetAll } from './environment.ts'
import type { Effort, Method } from './method.ts'
import { type NetworkParams, actor, critic, logProbability, meanLength, normalized, sampled, valueOf } from './networks.ts'

const STEPS = 64
const EPOCHS = 4
const BATCHES = 4
const DISCOUNT = 0.99
/** Of the advantages: between one step's (0) and the whole episode's (1). */
const LAMBDA = 0.95
/** How far the ratio of probabilities may go from 1. */
const CLIP = 0.2
const VALUE_SHARE = 0.5
const ENTROPY_SHARE = 0.01

interface Params {
  readonly actor: NetworkParams
  readonly critic: NetworkParams
}
/** `[n, ...]` */
interface Lessons {
  readonly seen: Tensor
  readonly pushes: Tensor
  /** Of the pushes, when they were made. */
  readonly logProbability: Tensor
  readonly advantage: Tensor
  /** What the value should be. */
  readonly target: Tensor
}

function loss(params: Params, { seen, pushes, logProbability: before, advantage, target }: Lessons): Tensor {
  const logits = actor.apply(params.actor, seen)
  const ratio = exp(logProbability(logits, pushes).sub(before)),
    a = normalized(advantage, zerosLike(advantage).add(1))
  const policyLoss = mean(
    maximum(
      ratio.mul(a).neg(),
      clip(ratio, 1 - CLIP, 1 + CLIP)
        .mul(a)
        .neg(),
    ),
  )
  const valueLoss = mean(square(valueOf(params.critic, seen).sub(target)))
  const entropy = mean(sum(softmax(logits).mul(logSoftmax(logits)), { axis: -1 })).neg()
  return policyLoss.add(valueLoss.mul(VALUE_SHARE)).sub(entropy.mul(ENTROPY_SHARE))
}

/** What each push was better than expected, `[steps, n]`: a sum over the rest of the episode, from the last step to the first. */
function advantages(values: Tensor, { next, failed, over }: Experience, params: Params): Tensor {
  const goesOn = (ended: Tensor): Tensor => logicalNot(ended).astype('float32')
  // An episode that is long enough ends, but not badly: it would have gone on.
  const surprise = valueOf(params.critic, next).mul(goesOn(failed)).mul(DISCOUNT).add(1).sub(values)
  const [, result] = scan(
    (after: Tensor, [delta, on]: readonly [Tensor, Tensor]) => {
      const a = delta.add(after.mul(on).mul(DISCOUNT * LAMBDA))
      return [a, a] as const
    },
    zerosLike(surprise.at(0).get()),
    [surprise, goesOn(over)] as const,
    { reverse: true },
  )
  return result
}

function lessonsOf(params: Params, experience: Experience): Lessons {
  const { seen, pushes } = experience,
    value = valueOf(params.critic, seen),
    advantage = advantages(value, experience, params)
  const before = logProbability(actor.apply(params.actor, seen), pushes)
  const flat = (t: Tensor): Tensor => t.reshape([-1, ...t.shape.slice(2)])
  return tree.map(flat, { seen, pushes, logProbability: before, advantage, target: add(advantage, value) })
}

/** The same lessons in another order: `[BATCHES, n / BATCHES, ...]`. */
function shuffled(lessons: Lessons, key: Key): Lessons {
  const order = random.permutation(key, lessons.pushes.size)
  return tree.map((t: Tensor) => take(t, order, { axis: 0 }).reshape([BATCHES, -1, ...t.shape.slice(1)]), lessons)
}

const parametersOf = (key: Key): Params => {
  const [forActor, forCritic] = random.split(key)
  return { actor: actor.init(forActor, [OBSERVATION]).params, critic: critic.init(forCritic, [OBSERVATION]).params }
}

export function ppo({ carts, updates, longest }: Effort) {
  const optimizer = chain(clipByGlobalNorm(0.5), adam(schedules.linear(2.5e-3, 0, updates * EPOCHS * BATCHES)))
  const learn = trainStep((params: Params, state: null, lessons: Lessons) => ({ loss: loss(params, lessons), state }), optimizer, {
    donate: false,
  })
  const init = (key: Key) => {
    const [initKey, startKey] = random.split(key)
    return { learner: initTrainState(optimizer, parametersOf(initKey), null, initKey), carts: resetAll(startKey, carts) }
  }
  type State = ReturnType<typeof init>
  const update = jit(
    (state: State, key: Key) => {
      const [playKey, orderKey] = random.split(key)
      const [moved, experience] = play(sampled(state.learner.params.actor), state.carts, playKey, Math.min(STEPS, longest))
      const lessons = lessonsOf(state.learner.params, experience)
      const [learner, losses] = scan(
        (before: State['learner'], epochKey: Key) =>
          scan((l: State['learner'], batch: Lessons) => [...learn(l, batch)] as const, before, shuffled(lessons, epochKey)),
        state.learner,
        random.splitBatch(orderKey, EPOCHS),
      )
      return [
        { learner, carts: moved },
        { loss: mean(losses['loss'] as Tensor), length: meanLength(experience.over) },
      ] as const
    },
    { donate: [0] },
  )
  return { init, update, policy: (state: State) => state.learner.params.actor, updates } satisfies Method<State>
}
