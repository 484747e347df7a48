/** A damped pendulum whose length and friction are found from what was seen of it: the gradient goes through every step of the simulation. */
import { type Key, type Tensor, arange, exp, jit, less, linspace, mean, minimum, random, scan, sin, square } from '@cotangent/core'
import { adam, initTrainState, schedules, trainStep } from '@cotangent/nn'

/** Scalars; logarithms where only positive numbers make sense. */
export interface Pendulum {
  /** Of metres. */
  readonly logLength: Tensor
  /** Of the share of speed that is lost a second. */
  readonly logFriction: Tensor
  /** Radians, and a second, at the beginning. */
  readonly angle: Tensor
  readonly speed: Tensor
}
type Motion = readonly [angle: Tensor, speed: Tensor]

const GRAVITY = 9.81
/** Seconds a step. */
export const STEP = 0.05

/** The angle after each of `steps` steps of the classical Runge-Kutta method, `[steps]`. */
export function simulated({ logLength, logFriction, angle, speed }: Pendulum, steps: number): Tensor {
  const pull = exp(logLength.neg()).mul(-GRAVITY),
    friction = exp(logFriction)
  const change = ([a, v]: Motion): Motion => [v, sin(a).mul(pull).sub(v.mul(friction))]
  const after = ([a, v]: Motion, [da, dv]: Motion, time: number): Motion => [a.add(da.mul(time)), v.add(dv.mul(time))]
  const step = (at: Motion): readonly [Motion, Tensor] => {
    const k1 = change(at),
      k2 = change(after(at, k1, STEP / 2)),
      k3 = change(after(at, k2, STEP / 2)),
      k4 = change(after(at, k3, STEP))
    const slope = (i: 0 | 1): Tensor => k1[i].add(k2[i].mul(2)).add(k3[i].mul(2)).add(k4[i]).div(6)
    const next = after(at, [slope(0), slope(1)], STEP)
    return [next, next[0]]
  }
  return scan(step, [angle, speed] as Motion, null, { length: steps })[1]
}

/** Angles with measuring errors. */
export const observed = (truth: Pendulum, steps: number, noise: number, key: Key): Tensor =>
  simulated(truth, steps).add(random.normal(key, [steps]).mul(noise))

export interface Fitting {
  readonly pendulum: Pendulum
  /** Mean squared errors, by step: `[updates]`. */
  readonly losses: Tensor
}

/**
 * From a guess to what was observed, by Adam. The first observations are fitted first: of a long swing with the wrong length, the
 * gradient tells nothing of the right one.
 */
export function fitted(guess: Pendulum, observations: Tensor, updates: number, key: Key): Fitting {
  const steps = observations.shape[0] as number,
    optimizer = adam(schedules.cosineDecay(0.05, updates))
  const step = trainStep(
    (pendulum: Pendulum, state: null, { weights }: { readonly weights: Tensor }) => ({
      loss: mean(square(simulated(pendulum, steps).sub(observations)).mul(weights)),
      state,
    }),
    optimizer,
    { donate: false },
  )
  const begin = (start: Pendulum) => initTrainState(optimizer, start, null, key)
  const run = jit((start: Pendulum) => {
    const [end, losses] = scan(
      (state: ReturnType<typeof begin>, share: Tensor) => {
        const [next, { loss }] = step(state, { weights: seenSoFar(share, steps) })
        return [next, loss as Tensor] as const
      },
      begin(start),
      growing(updates),
    )
    return { pendulum: end.params, losses }
  })
  return run(guess)
}

/** The share of the observations that counts at each update: all of them from the middle on. */
const growing = (updates: number): Tensor => minimum(linspace(0.1, 2, { count: updates }), 1)
const seenSoFar = (share: Tensor, steps: number): Tensor => less(arange(steps), share.mul(steps)).astype('float32')
