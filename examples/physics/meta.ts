/**
 * Learning to learn: parameters from which one step of gradient descent on ten points of a sine wave gives the wave. Finn et al. 2017,
 * https://arxiv.org/abs/1703.03400 (MAML), 5.1. The gradient goes through the step.
 */
import { type Key, type Tensor, grad, jit, mean, random, sin, vmap } from '@cotangent/core'
import { adam, applyUpdates, dense, initTrainState, meanSquaredError, relu, serial, sgd, trainStep } from '@cotangent/nn'

const model = serial(dense(40), relu, dense(40), relu, dense(1))
type Params = ReturnType<typeof model.init>['params']

/** Points of one wave, `[n, 1]` each; of several waves `[waves, n, 1]`. */
export interface Points {
  readonly x: Tensor
  readonly y: Tensor
}
/** What to learn from, and what the result is judged by. */
export interface Task {
  readonly known: Points
  readonly asked: Points
}

const SHOTS = 10
/** Amplitudes are 0.1 to 5, phases 0 to pi, x -5 to 5. */
function task(key: Key): Task {
  const [amplitudeKey, phaseKey, knownKey, askedKey] = random.split(key, 4)
  const amplitude = random.uniform(amplitudeKey, [], { minval: 0.1, maxval: 5 }),
    phase = random.uniform(phaseKey, [], { minval: 0, maxval: Math.PI })
  const points = (k: Key, n: number): Points => {
    const x = random.uniform(k, [n, 1], { minval: -5, maxval: 5 })
    return { x, y: sin(x.sub(phase)).mul(amplitude) }
  }
  return { known: points(knownKey, SHOTS), asked: points(askedKey, 4 * SHOTS) }
}
const tasks = (key: Key, n: number): Task => vmap(task)(random.splitBatch(key, n))

const loss = (params: Params, { x, y }: Points): Tensor => meanSquaredError(model.apply(params, x), y)
const inner = sgd(0.01)

/** The parameters after steps of gradient descent on the points, as a differentiable function of those before. */
function adapted(params: Params, points: Points, steps: number): Params {
  let now = params
  for (let i = 0; i < steps; i++) {
    const [updates] = inner.update(grad(loss)(now, points), inner.init(now), now)
    now = applyUpdates(now, updates)
  }
  return now
}

/** Mean error on the asked points of several waves, after steps on the known ones of each. */
const errorAfter = (params: Params, all: Task, steps: number): Tensor =>
  mean(vmap((t: Task) => loss(adapted(params, t.known, steps), t.asked))(all))

const optimizer = adam(1e-3)

export const begin = (key: Key) => {
  const [initKey, stepKey] = random.split(key)
  return initTrainState(optimizer, model.init(initKey, [1]).params, null, stepKey)
}

/** Learns from `waves` fresh waves a step, judged after `steps` steps of adaptation: none is the usual training on all waves at once. */
export const learner = (waves: number, steps: 0 | 1) =>
  trainStep(
    (params: Params, state: null, key: { readonly key: Key }) => ({ loss: errorAfter(params, tasks(key.key, waves), steps), state }),
    optimizer,
  )

/** Mean errors on fresh waves after 0, 1, ... steps on ten points of each. */
export const judge = (waves: number, most: number): ((params: Params, key: Key) => readonly Tensor[]) =>
  jit((params: Params, key: Key) => {
    const all = tasks(key, waves)
    return Array.from({ length: most + 1 }, (_, steps) => errorAfter(params, all, steps))
  })
