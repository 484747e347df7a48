/**
 * A pole on a cart that is pushed to the left or to the right, as pure functions of one cart: `vmap` makes them many, `scan` makes steps an episode.
 * Barto, Sutton and Anderson 1983, with the numbers of Gym's CartPole-v1.
 */
import {
  type Key,
  type Tensor,
  abs,
  add,
  array,
  cos,
  divide,
  greaterEqual,
  logicalNot,
  logicalOr,
  random,
  scan,
  sin,
  square,
  stack,
  ones,
  tree,
  vmap,
  where,
} from '@cotangent/core'

/** Scalars; of several carts `[n]`. */
export interface Cart {
  /** Metres from the middle, and per second. */
  readonly position: Tensor
  readonly velocity: Tensor
  /** Radians from upright, and per second. */
  readonly angle: Tensor
  readonly angularVelocity: Tensor
  /** Steps so far: int32. */
  readonly time: Tensor
}

const GRAVITY = 9.8,
  CART_MASS = 1,
  POLE_MASS = 0.1,
  TOTAL_MASS = CART_MASS + POLE_MASS,
  /** Half of the pole. */
  LENGTH = 0.5,
  FORCE = 10,
  /** Seconds a step. */
  STEP = 0.02
/** An episode ends beyond these, and after so many steps. */
const MAX_POSITION = 2.4,
  MAX_ANGLE = (12 * Math.PI) / 180
export const MAX_STEPS = 500

/** What a policy sees of a cart: `[4]`. */
export const OBSERVATION = 4
/** Left, right. */
export const ACTIONS = 2
export const observe = ({ position, velocity, angle, angularVelocity }: Cart): Tensor =>
  stack([position, velocity, angle, angularVelocity], { axis: -1 })

/** A cart nearly at rest with the pole nearly upright. */
export function reset(key: Key): Cart {
  const start = random.uniform(key, [OBSERVATION], { minval: -0.05, maxval: 0.05 })
  const at = (i: number): Tensor => start.slice(i, i + 1).reshape([])
  return { position: at(0), velocity: at(1), angle: at(2), angularVelocity: at(3), time: array(0, { dtype: 'int32' }) }
}

export interface Transition {
  readonly cart: Cart
  /** The pole has fallen, or the cart is out. Gym: `terminated`. */
  readonly terminated: Tensor
  /** The episode is over: terminated, or long enough (Gym: `truncated`). */
  readonly done: Tensor
}

/** One step of Euler's method under an action, 0 or 1: a push to the left, to the right. */
export function step({ position, velocity, angle, angularVelocity, time }: Cart, action: Tensor): Transition {
  const force = where(action.equal(1), FORCE, -FORCE)
  const sine = sin(angle),
    cosine = cos(angle)
  const thrust = add(
    force,
    square(angularVelocity)
      .mul(sine)
      .mul(POLE_MASS * LENGTH),
  ).div(TOTAL_MASS)
  const inertia = square(cosine)
    .mul(-POLE_MASS / TOTAL_MASS)
    .add(4 / 3)
    .mul(LENGTH)
  const turning = divide(sine.mul(GRAVITY).sub(cosine.mul(thrust)), inertia),
    pushing = thrust.sub(turning.mul(cosine).mul((POLE_MASS * LENGTH) / TOTAL_MASS))
  const cart = {
    position: position.add(velocity.mul(STEP)),
    velocity: velocity.add(pushing.mul(STEP)),
    angle: angle.add(angularVelocity.mul(STEP)),
    angularVelocity: angularVelocity.add(turning.mul(STEP)),
    time: time.add(1),
  }
  const terminated = logicalOr(abs(cart.position).greater(MAX_POSITION), abs(cart.angle).greater(MAX_ANGLE))
  return { cart, terminated, done: logicalOr(terminated, greaterEqual(cart.time, MAX_STEPS)) }
}

/** Chooses actions `[n]` from observations `[n, 4]`. */
export type Policy = (observations: Tensor, key: Key) => Tensor

export const resetAll = (key: Key, n: number): Cart => vmap(reset)(random.splitBatch(key, n))
const stepAll = vmap(step)

/** What happened in `steps` steps of `n` carts: `[steps, n]`. */
export interface Trajectory {
  /** `[steps, n, 4]` */
  readonly observations: Tensor
  readonly actions: Tensor
  /** What was observed after the action, `[steps, n, 4]`: the end of an episode too. */
  readonly nextObservations: Tensor
  readonly terminated: Tensor
  readonly done: Tensor
}

/** Goes on with carts; those whose episode is over begin anew. */
export function rollout(policy: Policy, carts: Cart, key: Key, steps: number): readonly [carts: Cart, trajectory: Trajectory] {
  const n = carts.time.shape[0] as number
  return scan(
    (current: Cart, stepKey: Key) => {
      const [actionKey, resetKey] = random.split(stepKey),
        observations = observe(current),
        actions = policy(observations, actionKey)
      const { cart, terminated, done } = stepAll(current, actions)
      const continued = tree.map((a: Tensor, b: Tensor) => where(done, a, b), resetAll(resetKey, n), cart as NoInfer<Cart>)
      return [continued, { observations, actions, nextObservations: observe(cart), terminated, done }] as const
    },
    carts,
    random.splitBatch(key, steps),
  )
}

/** One episode of each of `n` carts, whole with 500 `steps`. `mask` `[steps, n]`: 1 where the step was part of it. */
export function rolloutEpisodes(
  policy: Policy,
  key: Key,
  n: number,
  steps: number,
): { readonly trajectory: Trajectory; readonly mask: Tensor } {
  const [startKey, playKey] = random.split(key)
  const [, trajectory] = rollout(policy, resetAll(startKey, n), playKey, steps)
  const [, mask] = scan(
    (before: Tensor, done: Tensor) => [before.mul(logicalNot(done).astype('float32')), before] as const,
    ones([n]),
    trajectory.done,
  )
  return { trajectory, mask }
}
