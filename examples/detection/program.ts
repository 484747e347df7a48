/** The program: learns to find and to read digits on canvases, and is tried on others. The same source in Node and in a page. */
import { type Key, type Tensor, jit, random } from '@cotangent/core'
import { adam, fit, metrics, schedules, trainer } from '@cotangent/nn'
import { batches, tensorsOf } from '@cotangent/nn/data'
import { precisionRecallOf } from '../lib/charts/decisions.ts'
import { type Series, seriesOf, smoothed } from '../lib/charts/series.ts'
import { svgFile } from '../lib/charts/svg.ts'
import { terminalChart } from '../lib/charts/terminal.ts'
import { xyChart } from '../lib/charts/xy.ts'
import { reportFit } from '../lib/classify.ts'
import type { Digits } from '../lib/digits.ts'
import type { Host } from '../lib/host/host.ts'
import { readFewDigits, readMnist } from '../lib/mnist-files.ts'
import { onBackend, printResults, writeOutput } from '../lib/program.ts'
import { CANVAS, type Canvases, canvases } from './canvases.ts'
import { drawSight, foundOn } from './draw.ts'
import { CLASSES, type CanvasBatch, detectionLoss, detectionsOf, detector } from './model.ts'
import type { Options } from './options.ts'

interface Sizes {
  /** Channels of the first convolution. */
  readonly width: number
  readonly steps: number
  readonly batchSize: number
  /** Test canvases, and how many of them make a batch. */
  readonly tests: number
  readonly testBatch: number
}
const usual: Sizes = { width: 16, steps: 2000, batchSize: 32, tests: 1000, testBatch: 100 }
const small: Sizes = { width: 2, steps: 2, batchSize: 4, tests: 8, testBatch: 8 }
/** Test canvases are the same for all seeds. */
const TEST_KEY = 5
/** Of Adam. */
const RATE = 8e-3

export async function main(options: Options, host: Host): Promise<void> {
  const { train, test } = await (options.fast ? readFewDigits : readMnist)(host, options.data),
    sizes = options.fast ? small : usual
  await onBackend(options, host, async backend => {
    const tests = canvases(random.key(TEST_KEY), test, sizes.tests)
    host.print(`detection: ${sizes.tests} test canvases with ${digitsOn(tests)} digits, on the ${backend} backend`)
    const { find, losses } = await learn(host, random.key(options.seed), sizes, train)
    await report(host, options.out, judge(find, tests, sizes.testBatch), losses, tests)
  })
}

const digitsOn = ({ columns }: Canvases): number => columns.classes.data.filter(digit => Number(digit) >= 0).length

type Find = (x: Tensor) => metrics.Detections

/** Trains on canvases that are drawn for each step, with digits to train with. */
async function learn(
  host: Host,
  key: Key,
  { width, steps, batchSize }: Sizes,
  digits: Digits,
): Promise<{ readonly find: Find; readonly losses: readonly number[] }> {
  const [initKey, drawKey] = random.split(key),
    model = detector(width),
    rate = schedules.warmupCosine({ peak: RATE, warmupSteps: Math.floor(steps / 20), steps })
  const { init, step } = trainer(model, adam(rate), { inputs: (batch: CanvasBatch) => batch.x, loss: detectionLoss })
  function* drawn(): Generator<CanvasBatch> {
    for (let i = 0; i < steps; i++) yield tensorsOf(canvases(random.foldIn(drawKey, i), digits, batchSize))
  }
  const losses: number[] = [],
    bar = reportFit(host, 'detector', steps)
  const { state: learnt } = await fit(step, init(initKey, [CANVAS, CANVAS, 1]), drawn(), {
    onEvent: event => {
      bar(event)
      if (event.type === 'step') losses.push(event.metrics['loss'] ?? NaN)
    },
  })
  const find = jit(({ params, state }: typeof learnt, x: Tensor) => detectionsOf(model.step(params, state, x)[0]))
  return { find: x => find(learnt, x), losses }
}

interface Judgement {
  readonly found: readonly metrics.Detections[]
  /** What the metric knows of all detections, in the order of the batches. */
  readonly seen: metrics.DetectionState
  readonly precisions: metrics.AveragePrecisions
}

/** Looks at all canvases. */
function judge(find: Find, tests: Canvases, batchSize: number): Judgement {
  const metric = metrics.meanAveragePrecision({ classes: CLASSES })
  // The state of one batch has one size: it compiles once.
  const stateOf = jit((detections: metrics.Detections, truth: metrics.Objects) => metric.update(metric.init(), detections, truth))
  const found: metrics.Detections[] = []
  let seen = metric.init()
  for (const batch of batches(tests, batchSize)) {
    const detections = find(batch.x)
    found.push(detections)
    seen = metric.merge(seen, stateOf(detections, batch))
  }
  return { found, seen, precisions: metric.compute(seen) }
}

async function report(host: Host, out: string, { found, seen, precisions }: Judgement, losses: readonly number[], tests: Canvases) {
  const byDigit = Array.from(precisions.byClass.dataSync(), (precision, digit) => `${digit}: ${Number(precision).toFixed(3)}`)
  const run = Math.ceil(losses.length / 200),
    training: Series = seriesOf('loss', smoothed(losses, run), run)
  host.print(terminalChart([training], { title: 'training loss by step', color: host.isTerminal }))
  host.print(`average precision of ${byDigit.join(', ')}`)
  const curve = precisionRecallOf('all digits', seen.scores.dataSync(), seen.right.dataSync(), digitsOn(tests))
  const charts = [
    xyChart([curve], { title: 'Digits found', x: 'recall', y: 'precision', domainX: [0, 1], domainY: [0, 1] }),
    xyChart([training], { title: 'Training', x: 'step', y: 'loss', logY: true }),
  ]
  await writeOutput(host, out, 'curves.svg', svgFile(charts, charts.length))
  const shown = foundOn(tests, found[0] as metrics.Detections, seen.right, SHOWN).map(drawSight)
  await writeOutput(host, out, 'detections.svg', svgFile(shown, SHOWN / 3))
  printResults(host, { map50: precisions.mean.item() })
}
/** Canvases of the picture. */
const SHOWN = 12
