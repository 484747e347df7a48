/** The program: learns to find digits on canvases, and to name them. The same source in Node and in a page. */
import { type Key, jit, random } from '@cotangent/core'
import { type Layer, adam, fit, metrics, schedules, trainer } from '@cotangent/nn'
import { batches, tensorsOf } from '@cotangent/nn/data'
import { reportFit } from '../lib/classify.ts'
import type { Digits } from '../lib/digits.ts'
import type { Host } from '../lib/host/host.ts'
import { readFewDigits, readMnist } from '../lib/mnist-files.ts'
import { onBackend, printResults } from '../lib/program.ts'
import { type Canvases, canvases } from './canvases.ts'
import { CLASSES, type CanvasBatch, detectionLoss, detectionsOf, detector } from './model.ts'
import type { Options } from './options.ts'

interface Sizes {
  readonly width: number
  readonly steps: number
  readonly batchSize: number
  /** Test canvases. */
  readonly tests: number
}
const usual: Sizes = { width: 16, steps: 1200, batchSize: 32, tests: 1000 }
const small: Sizes = { width: 2, steps: 4, batchSize: 8, tests: 16 }
/** Decides the test canvases, whatever the seed. */
const TESTS = 2026

export async function main(options: Options, host: Host): Promise<void> {
  const { train, test } = await (options.fast ? readFewDigits : readMnist)(host, options.data)
  await onBackend(options, host, async backend => {
    const sizes = { ...(options.fast ? small : usual), ...(process.env['STEPS'] ? { steps: Number(process.env['STEPS']) } : {}) }
    const tests = canvases(random.key(TESTS), test, sizes.tests)
    host.print(`detection on the ${backend} backend`)
    await learn(options, host, sizes, train, tests)
  })
}

async function learn({ seed }: Options, host: Host, { width, steps, batchSize }: Sizes, digits: Digits, tests: Canvases): Promise<void> {
  const [initKey, drawKey] = random.split(random.key(seed))
  const model = detector(width)
  const { init, step } = trainer(model, adam(schedules.warmupCosine({ peak: 3e-3, warmupSteps: Math.round(steps / 20), steps })), {
    inputs: (b: CanvasBatch) => b.x,
    loss: detectionLoss,
  })
  function* source(): Generator<CanvasBatch> {
    for (let i = 0; i < steps; i++) yield tensorsOf(canvases(random.foldIn(drawKey, i), digits, batchSize))
  }
  const t0 = performance.now()
  const report = reportFit(host, 'detector', steps)
  let mean = 0
  const { state } = await fit(step, init(initKey, [64, 64, 1]), source(), {
    onEvent: e => {
      report(e)
      if (e.type === 'step') {
        mean += (e.metrics['loss'] ?? 0) / 100
        if (e.step % 100 === 0) {
          host.print(`${e.step} ${mean.toFixed(4)} ${((performance.now() - t0) / 1000).toFixed(1)} s`)
          mean = 0
        }
      }
    },
  })
  const find = jit((params: typeof state.params, s: typeof state.state, x: CanvasBatch['x']) => detectionsOf(model.step(params, s, x)[0]))
  const metric = metrics.meanAveragePrecision({ classes: CLASSES, iouThresholds: [0.3, 0.5, 0.6, 0.7] })
  let seen = metric.init()
  for (const b of batches(tests, Math.min(100, tests.rows.length))) seen = metric.update(seen, find(state.params, state.state, b.x), b)
  const { byClass, byThreshold } = metric.compute(seen)
  host.print(String(byThreshold)); host.print(`by class ${Array.from(byClass.dataSync(), v => Number(v).toFixed(3)).join(' ')}`)
  printResults(host, { map50: Number(byThreshold.dataSync()[1]) })
}
export type _ = [Key, Layer<unknown>]
