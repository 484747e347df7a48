/**
 * REINFORCE with a baseline, Williams 1992 (Machine Learning 8): whole episodes, then one step that makes each action likelier by as much as what followed was
 * better than the value network had expected.
 */
import { type Key, type Tensor, jit, mean, scan, square, stopGradient, sum, zerosLike } from '@cotangent/core'
import { adam, initTrainState, schedules, trainStep } from '@cotangent/nn'
import { rolloutEpisodes } from './environment.ts'
import type { Effort, Method } from './method.ts'
import { type ActorCritic, actor, initActorCritic, logProbability, normalized, sampled, valueOf } from './networks.ts'

const DISCOUNT = 0.99

/** `[steps, n, ...]` */
interface Batch {
  readonly observations: Tensor
  readonly actions: Tensor
  /** 1 where the step was part of the episode. */
  readonly mask: Tensor
  /** What followed, less than all of it the farther away. */
  readonly returns: Tensor
}

function loss(params: ActorCritic, { observations, actions, mask, returns }: Batch): Tensor {
  const value = valueOf(params.critic, observations),
    advantage = normalized(returns.sub(stopGradient(value)), mask)
  const made = logProbability(actor.apply(params.actor, observations), actions)
  const each = square(value.sub(returns)).mul(VALUE_COEFFICIENT).sub(made.mul(advantage))
  return sum(each.mul(mask)).div(sum(mask))
}
/** Returns go up to a hundred: their squares would drown the rest. */
const VALUE_COEFFICIENT = 1e-3

/** Discounted sums of the rewards to come, `[steps, n]`. */
function returnsToGo(rewards: Tensor): Tensor {
  const step = (after: Tensor, reward: Tensor): readonly [Tensor, Tensor] => {
    const total = reward.add(after.mul(DISCOUNT))
    return [total, total]
  }
  return scan(step, zerosLike(rewards.at(0).get()), rewards, { reverse: true })[1]
}

export function reinforce({ carts, updates, maxSteps }: Effort) {
  const optimizer = adam(schedules.linear(1e-2, 1e-3, updates))
  const train = trainStep((params: ActorCritic, state: null, batch: Batch) => ({ loss: loss(params, batch), state }), optimizer, {
    donate: false,
  })
  const init = (key: Key) => initTrainState(optimizer, initActorCritic(key), null, key)
  type State = ReturnType<typeof init>
  const update = jit(
    (state: State, key: Key) => {
      const { trajectory, mask } = rolloutEpisodes(sampled(state.params.actor), key, carts, maxSteps)
      const { observations, actions } = trajectory
      const [next, { loss: value }] = train(state, { observations, actions, mask, returns: returnsToGo(mask) })
      return [next, { loss: value as Tensor, length: mean(sum(mask, { axis: 0 })) }] as const
    },
    { donate: [0] },
  )
  return { init, update, policy: (state: State) => state.params.actor, updates } satisfies Method<State>
}
