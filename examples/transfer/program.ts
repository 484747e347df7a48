/** The program: learns the digits 0-4, then 5-9 with what it learnt. The same source in Node and in a page. */
import { type Key, random } from '@cotangent/core'
import { sliceOf, tensorsOf } from '@cotangent/nn/data'
import { type EpochsOptions, type Examples, digitExamples } from '../lib/classify.ts'
import type { Host } from '../lib/host/host.ts'
import { readFewDigits, readMnist } from '../lib/mnist-files.ts'
import { onBackend, printResults } from '../lib/program.ts'
import { BATCH, learner, mapped } from './learner.ts'
import { CLASSES, adapted, head, linearHead, narrow, trunk, usual, whole } from './models.ts'
import type { Options } from './options.ts'
import { drawViews, writeNetwork } from './outputs.ts'
import { FEW, fewOf, part } from './tasks.ts'
import { VIEWS, inViews } from './views.ts'
import { whitened, whiteningOf } from './whitening.ts'

/** Choices of few labels, of which the mean counts. */
const DRAWS = 3
/** Digits of the first task that teach what varies within a class. */
const MANY = 10_000
const RANK = 4

type Results = Readonly<Record<string, number>>

export async function main(options: Options, host: Host): Promise<void> {
  const { train, test } = await (options.fast ? readFewDigits : readMnist)(host, options.data)
  await onBackend(options, host, async backend => {
    host.print(`transfer from the digits 0-4 to 5-9, on the ${backend} backend`)
    printResults(host, await transfer(options, host, digitExamples(train), digitExamples(test)))
  })
}

interface Setting {
  readonly host: Host
  readonly fast: boolean
  /** A folder for what is written. */
  readonly out: string
  /** The digits 5-9. */
  readonly train: Examples
  readonly test: Examples
  /** Training with all labels, and with few. Runs with different numbers have different keys. */
  readonly long: (number: number, epochs: number) => EpochsOptions
  readonly short: (number: number) => EpochsOptions
}

function settingOf({ fast, seed, out }: Options, host: Host, train: Examples, test: Examples): Setting {
  const keyOf = (number: number): Key => random.foldIn(random.key(seed), number)
  return {
    host,
    fast,
    out,
    train: cut(fast, part(train, CLASSES), 100),
    test: cut(fast, part(test, CLASSES), 50),
    long: (number, epochs) => ({ epochs: fast ? 1 : epochs, batchSize: fast ? BATCH : 128, key: keyOf(number) }),
    short: number => ({ epochs: fast ? 2 : 400, batchSize: FEW * CLASSES, key: keyOf(number) }),
  }
}
const cut = (fast: boolean, examples: Examples, count: number): Examples => (fast ? sliceOf(examples, 0, count) : examples)

async function transfer(options: Options, host: Host, train: Examples, test: Examples): Promise<Results> {
  const setting = settingOf(options, host, train, test),
    first = cut(options.fast, part(train, 0), 100)
  const known = await knownFrom(setting, first)
  return { ...(await withAll(setting, known)), ...(await withFew(setting, known)) }
}

/** What the digits 0-4 teach, in eight views: a trunk that does not learn any more, and what varies within a class. */
async function knownFrom({ host, fast, out, long }: Setting, first: Examples) {
  const widths = fast ? narrow : usual
  const before = await learner(host, whole(widths, CLASSES * VIEWS)).train('digits 0-4 in eight views', first, long(0, 12), inViews)
  await drawViews(host, out, first)
  await writeNetwork(host, out, before)
  const features = mapped(x => trunk(widths).apply(before.trunk, x))
  const { x, labels } = tensorsOf(features(sliceOf(first, 0, MANY))),
    whitening = whiteningOf(x, labels)
  return {
    widths,
    features,
    white: mapped(y => whitened(whitening, y)),
    adapters: learner(host, adapted(head(widths, CLASSES * VIEWS), before.head, RANK)),
  }
}
type Known = Awaited<ReturnType<typeof knownFrom>>

async function withAll({ host, train, test, long }: Setting, { widths, features, adapters }: Known): Promise<Results> {
  const newHead = learner(host, head(widths)),
    [many, tests] = [features(train), features(test)] as const
  return {
    'accuracy all': await newHead.score(await newHead.train('new head, all labels', many, long(2, 12)), tests),
    'lora all': await adapters.score(await adapters.train('adapters, all labels', many, long(3, 12)), tests),
  }
}

async function withFew({ host, fast, train, test, short }: Setting, { widths, features, white, adapters }: Known): Promise<Results> {
  const newHead = learner(host, linearHead(), 3e-3),
    // Of 0.001 and 0.002 the better one.
    network = learner(host, whole(widths), 2e-3)
  const tests = features(test),
    whiteTests = white(tests)
  const sums = { 'accuracy 10': 0, 'lora 10': 0, 'scratch 10': 0 },
    draws = fast ? 1 : DRAWS
  for (let i = 0; i < draws; i++) {
    const options = short(20 + i),
      few = fewOf(train, short(10 + i).key),
      own = features(few)
    const add = (name: keyof typeof sums, accuracy: number): void => void (sums[name] += accuracy / draws)
    add('accuracy 10', await newHead.score(await newHead.train('new head, few labels', white(own), options), whiteTests))
    add('lora 10', await adapters.score(await adapters.train('adapters, few labels', own, options), tests))
    add('scratch 10', await network.score(await network.train('from scratch', few, options), test))
  }
  return { ...sums, 'gain 10': sums['accuracy 10'] - sums['scratch 10'] }
}
