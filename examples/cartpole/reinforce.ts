/**
 * REINFORCE with a baseline, Williams 1992 (Machine Learning 8): whole episodes, then one step that makes each push likelier by as much as what followed was
 * better than the value network had expected.
 */
import { type Key, type Tensor, jit, mean, random, scan, square, stopGradient, sum, zerosLike } from '@cotangent/core'
import { adam, initTrainState, schedules, trainStep } from '@cotangent/nn'
import { OBSERVATION, playEpisodes } from './environment.ts'
import type { Effort, Method } from './method.ts'
import { type NetworkParams, actor, critic, logProbability, normalized, sampled, valueOf } from './networks.ts'

const DISCOUNT = 0.99

interface Params {
  readonly actor: NetworkParams
  readonly critic: NetworkParams
}
/** `[steps, n, ...]` */
interface Lessons {
  readonly seen: Tensor
  readonly pushes: Tensor
  /** 1 where the step was part of the episode. */
  readonly alive: Tensor
  /** What followed, less than all of it the farther away. */
  readonly followed: Tensor
}

function loss(params: Params, { seen, pushes, alive, followed }: Lessons): Tensor {
  const value = valueOf(params.critic, seen),
    advantage = normalized(followed.sub(stopGradient(value)), alive)
  const made = logProbability(actor.apply(params.actor, seen), pushes)
  const each = square(value.sub(followed)).mul(VALUE_SHARE).sub(made.mul(advantage))
  return sum(each.mul(alive)).div(sum(alive))
}
/** Returns go up to a hundred: their squares would drown the rest. */
const VALUE_SHARE = 1e-3

/** Discounted sums of the rewards to come, `[steps, n]`. */
function returnsToGo(rewards: Tensor): Tensor {
  const step = (after: Tensor, reward: Tensor): readonly [Tensor, Tensor] => {
    const total = reward.add(after.mul(DISCOUNT))
    return [total, total]
  }
  return scan(step, zerosLike(rewards.at(0).get()), rewards, { reverse: true })[1]
}

export function reinforce({ carts, updates, longest }: Effort) {
  const optimizer = adam(schedules.linear(1e-2, 1e-3, updates))
  const learn = trainStep((params: Params, state: null, lessons: Lessons) => ({ loss: loss(params, lessons), state }), optimizer, {
    donate: false,
  })
  const init = (key: Key) => {
    const [forActor, forCritic] = random.split(key)
    const params: Params = { actor: actor.init(forActor, [OBSERVATION]).params, critic: critic.init(forCritic, [OBSERVATION]).params }
    return initTrainState(optimizer, params, null, key)
  }
  type State = ReturnType<typeof init>
  const update = jit(
    (state: State, key: Key) => {
      const { experience, alive } = playEpisodes(sampled(state.params.actor), key, carts, longest)
      const { seen, pushes } = experience
      const [next, { loss: value }] = learn(state, { seen, pushes, alive, followed: returnsToGo(alive) })
      return [next, { loss: value as Tensor, length: mean(sum(alive, { axis: 0 })) }] as const
    },
    { donate: [0] },
  )
  return { init, update, policy: (state: State) => state.params.actor, updates } satisfies Method<State>
}
