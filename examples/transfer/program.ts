/** The program: learns the digits 0-4, then 5-9 with what it learnt. The same source in Node and in a page. */
import { type Key, type Tensor, type TreeOf, jit, random } from '@cotangent/core'
import { type Layer, adam, schedules } from '@cotangent/nn'
import { batches, dataset, filter, sliceOf, tensorsOf } from '@cotangent/nn/data'
import { type EpochsOptions, type ExampleBatch, type Examples, classifier, digitExamples, trainFresh } from '../lib/classify.ts'
import type { Host } from '../lib/host/host.ts'
import { readFewDigits, readMnist } from '../lib/mnist-files.ts'
import { onBackend, printResults } from '../lib/program.ts'
import { CLASSES, adapted, head, linearHead, narrow, trunk, usual, whole } from './models.ts'
import type { Options } from './options.ts'
import { VIEWS, inViews } from './views.ts'
import { whitened, whiteningOf } from './whitening.ts'

/** Labelled digits a class in the task with few. */
const FEW = 10
/** Such choices of them, of which the mean counts. */
const DRAWS = 3
/** Digits of the first task that teach what varies within a class. */
const MANY = 10_000
const RANK = 4
/** For evaluations and features: one shape for all sizes that are divisible. */
const BATCH = 50

export async function main(options: Options, host: Host): Promise<void> {
  const { train, test } = await (options.fast ? readFewDigits : readMnist)(host, options.data)
  await onBackend(options, host, async backend => {
    host.print(`transfer from the digits 0-4 to 5-9, on the ${backend} backend`)
    printResults(host, await transfer(options, host, digitExamples(train), digitExamples(test)))
  })
}

async function transfer({ fast, seed }: Options, host: Host, train: Examples, test: Examples): Promise<Readonly<Record<string, number>>> {
  const widths = fast ? narrow : usual,
    root = random.key(seed)
  const cut = (examples: Examples, count: number): Examples => (fast ? sliceOf(examples, 0, count) : examples)
  const first = cut(part(train, 0), 100),
    second = cut(part(train, CLASSES), 100),
    secondTest = cut(part(test, CLASSES), 50)
  const long = (i: number, epochs: number): EpochsOptions => ({
      epochs: fast ? 1 : epochs,
      batchSize: fast ? BATCH : 128,
      key: random.foldIn(root, i),
    }),
    short = (i: number): EpochsOptions => ({ epochs: fast ? 2 : 400, batchSize: FEW * CLASSES, key: random.foldIn(root, i) })

  const before = await learner(host, whole(widths, CLASSES * VIEWS)).train('digits 0-4 in eight views', first, long(0, 12), inViews)
  // The trunk does not learn any more, so its features are computed once.
  const features = mapped(x => trunk(widths).apply(before.trunk, x))
  const { x, labels } = tensorsOf(features(sliceOf(first, 0, MANY)))
  const whitening = whiteningOf(x, labels),
    whitenedFeatures = mapped(y => whitened(whitening, y))
  const many = features(second),
    tests = features(secondTest),
    whitenedTests = whitenedFeatures(tests)

  const newHead = learner(host, head(widths)),
    adapters = learner(host, adapted(head(widths, CLASSES * VIEWS), before.head, RANK)),
    fewHead = learner(host, linearHead(), 3e-3),
    // Of 0.001 and 0.002 the better one.
    network = learner(host, whole(widths), 2e-3)
  const ofAll = {
    'accuracy all': await newHead.score(await newHead.train('new head, all labels', many, long(2, 12)), tests),
    'lora all': await adapters.score(await adapters.train('adapters, all labels', many, long(3, 12)), tests),
  }
  const draws: { readonly head: number; readonly lora: number; readonly scratch: number }[] = []
  for (let i = 0; i < (fast ? 1 : DRAWS); i++) {
    const few = fewOf(second, random.foldIn(root, 10 + i)),
      fewFeatures = features(few),
      options = short(20 + i)
    draws.push({
      head: await fewHead.score(await fewHead.train('new head, few labels', whitenedFeatures(fewFeatures), options), whitenedTests),
      lora: await adapters.score(await adapters.train('adapters, few labels', fewFeatures, options), tests),
      scratch: await network.score(await network.train('from scratch', few, options), secondTest),
    })
    host.print(
      `draw ${i + 1} of ten labels a class: ${JSON.stringify(draws[i], (_, v) => (typeof v === 'number' ? Number(v.toFixed(4)) : v))}`,
    )
  }
  const meanOf = (name: 'head' | 'lora' | 'scratch'): number => draws.reduce((sum, draw) => sum + draw[name], 0) / draws.length
  const results = { ...ofAll, 'accuracy 10': meanOf('head'), 'lora 10': meanOf('lora'), 'scratch 10': meanOf('scratch') }
  return { ...results, 'gain 10': results['accuracy 10'] - results['scratch 10'] }
}

/** The five digits from `start` on, their labels counted from 0. */
function part(examples: Examples, start: number): Examples {
  const { x, labels } = examples.columns
  const chosen = filter(examples, row => Math.floor((labels.data[row] as number) / CLASSES) * CLASSES === start)
  return { ...chosen, columns: { x, labels: { ...labels, data: Int32Array.from(labels.data as Int32Array, l => l - start) } } }
}

/** So many of each class, which the key chooses. */
function fewOf(examples: Examples, key: Key): Examples {
  const order = random.permutation(key, examples.rows.length).dataSync(),
    counts = new Array<number>(CLASSES).fill(0)
  const rows = Int32Array.from(order, i => examples.rows[i] as number).filter(row => {
    const label = examples.columns.labels.data[row] as number
    return (counts[label] = (counts[label] as number) + 1) <= FEW
  })
  return { ...examples, rows }
}

interface Learner<P> {
  /** Fresh parameters, trained. */
  readonly train: (title: string, examples: Examples, options: EpochsOptions, seenAs?: (batch: ExampleBatch) => ExampleBatch) => Promise<P>
  /** Share of the examples whose most probable class is the label. */
  readonly score: (params: P, examples: Examples) => Promise<number>
}

/** Trains by Adam, whose rate falls to zero over the run. */
function learner<P extends TreeOf<P>>(host: Host, model: Layer<P>, rate: number = 1e-3): Learner<P> {
  const create = (steps: number) => classifier(model, adam(schedules.cosineDecay(rate, steps)))
  // Runs of as many steps share what is compiled.
  const trainers = new Map<number, ReturnType<typeof create>>()
  const trainerFor = (steps: number): ReturnType<typeof create> => {
    const trainer = trainers.get(steps) ?? create(steps)
    trainers.set(steps, trainer)
    return trainer
  }
  return {
    async train(title, examples, options, seenAs) {
      const trainer = trainerFor(options.epochs * Math.ceil(examples.rows.length / options.batchSize))
      return (await trainFresh(host, title, trainer, examples, options, seenAs)).params
    },
    async score(params, examples) {
      const trainer = trainers.values().next().value ?? create(1)
      const state = trainer.init(random.key(0), examples.columns.x.shape.slice(1))
      return (await trainer.evaluate({ ...state, params }, batches(examples, BATCH)))['accuracy'] as number
    },
  }
}

/** Examples in which f of x stands for x. */
function mapped(f: (x: Tensor) => Tensor): (examples: Examples) => Examples {
  const apply = jit(f)
  return examples => {
    const parts = [...batches(examples, BATCH)].map(({ x, labels }) => ({ x: apply(x), labels }))
    const size = parts[0]?.x.shape[1] as number
    const data = new Float32Array(examples.rows.length * size)
    parts.forEach(({ x }, i) => data.set(x.dataSync() as Float32Array, i * BATCH * size))
    const labels = Int32Array.from(examples.rows, row => examples.columns.labels.data[row] as number)
    return dataset({ x: { data, shape: [examples.rows.length, size] }, labels })
  }
}
