/** The course of a training, one step after another. It waits where it is between two steps: so it can be paused, and a page stays alive. */
import { type Digits, type Mnist, batch, slice } from '../lib/digits.ts'
import type { Learner } from './learner.ts'
import { LossMeter } from './loss-meter.ts'
import type { Plan } from './plans.ts'

/** What happened. `epoch` counts finished epochs, as a fraction. */
export type Event =
  /** `settled`: the device has nothing left to do. */
  | { readonly type: 'step'; readonly epoch: number; readonly digits: number; readonly settled: boolean }
  | { readonly type: 'loss'; readonly epoch: number; readonly value: number }
  | { readonly type: 'accuracy'; readonly epoch: number; readonly value: number }
  | { readonly type: 'tested'; readonly digits: number }

/** Test digits between two waits. */
const TEST_PART = 100

/** Trains as planned. Digits beyond the last full batch of an epoch wait for the next one, so every step runs the same kernels. */
export async function* course(
  learner: Learner,
  data: Mnist,
  { epochs, batchSize, lossPoints, accuracyPoints }: Plan,
): AsyncGenerator<Event, void> {
  const steps = Math.floor(data.train.count / batchSize),
    losses = new LossMeter()
  for (let e = 1; e <= epochs; e++) {
    const order = learner.order(e, data.train.count)
    for (let i = 1; i <= steps; i++) {
      const epoch = e - 1 + i / steps
      losses.add(learner.step(batch(data.train, order.subarray((i - 1) * batchSize, i * batchSize))))
      const atPoint = isPoint(i, steps, lossPoints),
        settled = atPoint || losses.isDue
      if (settled) await losses.read()
      yield { type: 'step', epoch, digits: batchSize, settled }
      if (atPoint) yield { type: 'loss', epoch, value: losses.take() }
      if (isPoint(i, steps, accuracyPoints)) yield { type: 'accuracy', epoch, value: yield* accuracy(learner, data.test) }
    }
  }
}

/** Is step `i` of `steps` the last one of its part, of `points` equal parts? */
const isPoint = (i: number, steps: number, points: number): boolean =>
  Math.floor((i * points) / steps) > Math.floor(((i - 1) * points) / steps)

function* accuracy(learner: Learner, test: Digits): Generator<Event, number> {
  let right = 0
  for (let start = 0; start < test.count; start += TEST_PART) {
    const part = slice(test, TEST_PART, start)
    right += learner.accuracy(part) * part.count
    yield { type: 'tested', digits: part.count }
  }
  return right / test.count
}
