/** Training as a fold: each step takes parameters, optimiser state and a batch, and gives the next ones. */
import { type Key, type Tensor, type TreeOf, jit, random, valueAndGrad } from '@cotangent/core'
import { type Layer, accuracy, adam, applyUpdates, softmaxCrossEntropy } from '@cotangent/nn'
import { type Digits, type Mnist, SIDE, batch } from '../lib/mnist.ts'

export interface Progress {
  readonly epoch: number
  readonly step: number
  readonly steps: number
  /** Mean loss since the last report. */
  readonly loss: number
  readonly examplesPerSecond: number
}
export interface Options {
  readonly epochs: number
  readonly batchSize: number
  readonly seed: number
  readonly learningRate?: number
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
  const { epochs, batchSize, seed, learningRate = 1e-3 } = options
  const [initKey, dataKey] = random.split(random.key(seed))
  /** Epochs count from 1, so the steps have 0 for themselves. */
  const stepKey = random.foldIn(dataKey, 0)
  const optimizer = adam(learningRate)
  const loss = (params: P, images: Tensor, labels: Tensor, key: Key): Tensor =>
    softmaxCrossEntropy(model.apply(params, images, { train: true, key }), labels)
  const step = jit(
    (params: P, state: ReturnType<typeof optimizer.init<P>>, images: Tensor, labels: Tensor, key: Key, number: Tensor) => {
      const [value, grads] = valueAndGrad(loss)(params, images, labels, random.foldIn(key, number))
      const [updates, next] = optimizer.update(grads, state, params)
      return [applyUpdates(params, updates), next, value] as const
    },
    { donate: [0, 1] },
  )

  let { params } = model.init(initKey, [SIDE, SIDE, 1])
  let state = optimizer.init(params)
  let testAccuracy = 0
  const losses: number[] = []
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const started = performance.now()
    const order = random.permutation(random.foldIn(dataKey, epoch), data.train.count).dataSync()
    const steps = Math.ceil(data.train.count / batchSize)
    let total = 0,
      recent = 0,
      count = 0,
      examples = 0,
      reported = started
    for (let i = 0; i < steps; i++) {
      const { images, labels } = batch(data.train, order.subarray(i * batchSize, (i + 1) * batchSize))
      const [nextParams, nextState, value] = step(params, state, images, labels, stepKey, state.count)
      params = nextParams
      state = nextState
      const l = value.item()
      total += l
      recent += l
      count++
      examples += labels.size
      const now = performance.now()
      if (now - reported >= REPORT_INTERVAL || i + 1 === steps) {
        options.onProgress?.({ epoch, step: i + 1, steps, loss: recent / count, examplesPerSecond: (examples * 1000) / (now - reported) })
        recent = count = examples = 0
        reported = now
      }
    }
    losses.push(total / steps)
    const seconds = (performance.now() - started) / 1000
    testAccuracy = evaluate(model, params, data.test)
    options.onEpoch?.(epoch, testAccuracy, seconds)
  }
  return { params, testAccuracy, losses }
}

const EVALUATION_BATCH = 1000

/** Share of examples whose most probable class is the label. */
export function evaluate<P>(model: Layer<P>, params: P, test: Digits): number {
  const score = jit((p: P, images: Tensor, labels: Tensor) => accuracy(model.apply(p, images), labels))
  let right = 0
  for (let start = 0; start < test.count; start += EVALUATION_BATCH) {
    const count = Math.min(EVALUATION_BATCH, test.count - start)
    const { images, labels } = batch(
      test,
      Array.from({ length: count }, (_, i) => start + i),
    )
    right += score(params, images, labels).item() * count
  }
  return right / test.count
}
