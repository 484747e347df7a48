/** Training as a fold: each step takes parameters, optimiser state and a batch, and gives the next ones. */
import type { TreeOf } from '@cotangent/core'
import type { Layer } from '@cotangent/nn'
import { type Digits, type Mnist, batch } from '../lib/digits.ts'
import { type TrainerOptions, createScore, createTrainer } from './trainer.ts'

export interface Progress {
  readonly epoch: number
  readonly step: number
  readonly steps: number
  /** Mean loss since the last report. */
  readonly loss: number
  readonly examplesPerSecond: number
}
export interface Options extends TrainerOptions {
  readonly epochs: number
  readonly batchSize: number
  /** Called after each step with the loss before it. */
  readonly onStep?: (loss: number) => void
  /** Called about ten times a second, and at the end of each epoch. */
  readonly onProgress?: (p: Progress) => void
  /** Called after each epoch with the test accuracy. */
  readonly onEpoch?: (epoch: number, testAccuracy: number, seconds: number) => void
}
export interface Trained<P> {
  readonly params: P
  /** Share of test digits read right, in [0, 1]. */
  readonly testAccuracy: number
  /** Mean loss of each epoch. */
  readonly losses: readonly number[]
}

/** Milliseconds. */
const REPORT_INTERVAL = 100

export function train<P extends TreeOf<P>>(model: Layer<P>, data: Mnist, options: Options): Trained<P> {
  const { epochs, batchSize } = options
  const trainer = createTrainer(model, options),
    score = createScore(model),
    steps = Math.ceil(data.train.count / batchSize)
  let state = trainer.init()
  let testAccuracy = 0
  const losses: number[] = []
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const started = performance.now(),
      order = trainer.order(epoch, data.train.count),
      report = reportEpoch(epoch, steps, options)
    let total = 0
    for (let i = 0; i < steps; i++) {
      const some = batch(data.train, order.subarray(i * batchSize, (i + 1) * batchSize))
      const [next, value] = trainer.step(state, some)
      state = next
      const loss = value.item()
      total += loss
      report(i + 1, loss, some.labels.size)
    }
    losses.push(total / steps)
    const seconds = (performance.now() - started) / 1000
    testAccuracy = score(state.params, data.test)
    options.onEpoch?.(epoch, testAccuracy, seconds)
  }
  return { params: state.params, testAccuracy, losses }
}

/** Tells of each step, and now and then of those since the last time. */
function reportEpoch(epoch: number, steps: number, { onStep, onProgress }: Options): (step: number, loss: number, size: number) => void {
  let total = 0,
    count = 0,
    examples = 0,
    reported = performance.now()
  return (step, loss, size) => {
    onStep?.(loss)
    total += loss
    count++
    examples += size
    const now = performance.now()
    if (now - reported < REPORT_INTERVAL && step < steps) return
    onProgress?.({ epoch, step, steps, loss: total / count, examplesPerSecond: (examples * 1000) / (now - reported) })
    total = count = examples = 0
    reported = now
  }
}

/** Share of examples whose most probable class is the label. */
export const evaluate = <P>(model: Layer<P>, params: P, test: Digits): number => createScore(model)(params, test)
