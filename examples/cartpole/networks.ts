/** The networks of all methods, and how a policy is judged. */
import { type Key, type Tensor, add, argmax, divide, jit, random, sqrt, square, sum } from '@cotangent/core'
import { type Layer, dense, initializers, serial, softmaxCrossEntropy, tanh } from '@cotangent/nn'
import { ACTIONS, OBSERVATION, type Policy, rolloutEpisodes } from './environment.ts'

/** From an observation to `units` numbers. Small last weights: nothing is preferred at first. */
const network = (units: number) =>
  serial(dense(64), tanh, dense(64), tanh, dense(units, { kernelInit: initializers.varianceScaling(0.01, 'in', 'normal') }))

/** Logits of the actions, `[..., 2]`; for DQN their values. */
export const actor: Layer<NetworkParams, null> = network(ACTIONS)
/** The value of an observation, `[..., 1]`. */
export const critic: Layer<NetworkParams, null> = network(1)
export type NetworkParams = ReturnType<ReturnType<typeof network>['init']>['params']

export interface ActorCritic {
  readonly actor: NetworkParams
  readonly critic: NetworkParams
}
export function initActorCritic(key: Key): ActorCritic {
  const [forActor, forCritic] = random.split(key)
  return { actor: actor.init(forActor, [OBSERVATION]).params, critic: critic.init(forCritic, [OBSERVATION]).params }
}

export const valueOf = (params: NetworkParams, observations: Tensor): Tensor =>
  critic.apply(params, observations).reshape(observations.shape.slice(0, -1))
/** The logarithm of the probability of each action, of the shape of `actions`. */
export const logProbability = (logits: Tensor, actions: Tensor): Tensor => softmaxCrossEntropy(logits, actions, { reduction: 'none' }).neg()

export const sampled =
  (params: NetworkParams): Policy =>
  (observations, key) =>
    random.categorical(key, actor.apply(params, observations))
export const greedy =
  (params: NetworkParams): Policy =>
  observations =>
    argmax(actor.apply(params, observations), { axis: -1 }).astype('int32')

/** Returns of `n` greedy episodes of at most so many steps, `[n]`: how long each lasted. */
export const returnsOf = (n: number, steps: number): ((params: NetworkParams, key: Key) => Tensor) =>
  jit((params: NetworkParams, key: Key) => sum(rolloutEpisodes(greedy(params), key, n, steps).mask, { axis: 0 }))

/** About the mean length of episodes that end in some steps, for progress: steps over ends, one more so that none is no trouble. */
export const meanLength = (done: Tensor): Tensor => divide(done.size, add(sum(done.astype('float32')), 1))

/** With the mean 0 and the deviation 1 of what counts (`weights` of 0 and 1). */
export function normalized(x: Tensor, weights: Tensor): Tensor {
  const share = weights.div(sum(weights)),
    centred = x.sub(sum(x.mul(share)))
  return centred.div(sqrt(sum(square(centred).mul(share)).add(1e-8)))
}
