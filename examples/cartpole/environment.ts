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
  readonly spin: Tensor
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
const FARTHEST = 2.4,
  STEEPEST = (12 * Math.PI) / 180
export const LONGEST = 500

/** What a policy sees of a cart: `[4]`. */
export const OBSERVATION = 4
/** Left, right. */
export const ACTIONS = 2
export const observe = ({ position, velocity, angle, spin }: Cart): Tensor => stack([position, velocity, angle, spin], { axis: -1 })

/** A cart nearly at rest with the pole nearly upright. */
export function reset(key: Key): Cart {
  const start = random.uniform(key, [OBSERVATION], { minval: -0.05, maxval: 0.05 })
  const at = (i: number): Tensor => start.slice(i, i + 1).reshape([])
  return { position: at(0), velocity: at(1), angle: at(2), spin: at(3), time: array(0, { dtype: 'int32' }) }
}

export interface Moved {
  readonly cart: Cart
  /** The pole has fallen, or the cart is out. */
  readonly failed: Tensor
  /** The episode is over: failed, or long enough. */
  readonly over: Tensor
}

/** One step of Euler's method under a push, 0 or 1: to the left, to the right. */
export function move({ position, velocity, angle, spin, time }: Cart, push: Tensor): Moved {
  const force = where(push.equal(1), FORCE, -FORCE)
  const sine = sin(angle),
    cosine = cos(angle)
  const thrust = add(
    force,
    square(spin)
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
    angle: angle.add(spin.mul(STEP)),
    spin: spin.add(turning.mul(STEP)),
    time: time.add(1),
  }
  const failed = logicalOr(abs(cart.position).greater(FARTHEST), abs(cart.angle).greater(STEEPEST))
  return { cart, failed, over: logicalOr(failed, greaterEqual(cart.time, LONGEST)) }
}

/** Chooses pushes `[n]` from observations `[n, 4]`. */
export type Policy = (observations: Tensor, key: Key) => Tensor

export const resetAll = (key: Key, n: number): Cart => vmap(reset)(random.splitBatch(key, n))
const moveAll = vmap(move)

/** What happened in `steps` steps of `n` carts: `[steps, n]`. */
export interface Experience {
  /** `[steps, n, 4]` */
  readonly seen: Tensor
  readonly pushes: Tensor
  /** What was seen after the push, `[steps, n, 4]`: the end of an episode too. */
  readonly next: Tensor
  readonly failed: Tensor
  readonly over: Tensor
}

/** Goes on with carts; those whose episode is over begin anew. */
export function play(policy: Policy, carts: Cart, key: Key, steps: number): readonly [carts: Cart, experience: Experience] {
  const n = carts.time.shape[0] as number
  return scan(
    (current: Cart, stepKey: Key) => {
      const [pushKey, resetKey] = random.split(stepKey),
        seen = observe(current),
        pushes = policy(seen, pushKey)
      const { cart, failed, over } = moveAll(current, pushes)
      const continued = tree.map((a: Tensor, b: Tensor) => where(over, a, b), resetAll(resetKey, n), cart as NoInfer<Cart>)
      return [continued, { seen, pushes, next: observe(cart), failed, over }] as const
    },
    carts,
    random.splitBatch(key, steps),
  )
}

/** One episode of each of `n` carts, whole with 500 `steps`. `alive` `[steps, n]`: 1 where the step was part of it. */
export function playEpisodes(
  policy: Policy,
  key: Key,
  n: number,
  steps: number,
): { readonly experience: Experience; readonly alive: Tensor } {
  const [startKey, playKey] = random.split(key)
  const [, experience] = play(policy, resetAll(startKey, n), playKey, steps)
  const [, alive] = scan(
    (before: Tensor, over: Tensor) => [before.mul(logicalNot(over).astype('float32')), before] as const,
    ones([n]),
    experience.over,
  )
  return { experience, alive }
}
