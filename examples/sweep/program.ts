/** The program: hyper-parameters by vmap, and three ways against over-fitting. The same source in Node and in a page. */
import { type Key, array, random } from '@cotangent/core'
import { earlyStopping, fit } from '@cotangent/nn'
import { sliceOf } from '@cotangent/nn/data'
import { type Series, seriesOf } from '../lib/charts/series.ts'
import { svgFile } from '../lib/charts/svg.ts'
import { terminalChart } from '../lib/charts/terminal.ts'
import { xyChart } from '../lib/charts/xy.ts'
import { type Examples, digitExamples, shuffled } from '../lib/classify.ts'
import type { Host } from '../lib/host/host.ts'
import { readFewDigits, readMnist } from '../lib/mnist-files.ts'
import { onBackend, printResults, progressOf, writeOutput } from '../lib/program.ts'
import { type Hyper, type Runs, type State, several, single } from './learner.ts'
import type { Options } from './options.ts'

const BATCH = 50

interface Data {
  readonly train: Examples
  readonly validation: Examples
  readonly test: Examples
}

export async function main(options: Options, host: Host): Promise<void> {
  const { fast } = options
  const digits = await (fast ? readFewDigits : readMnist)(host, options.data)
  const all = digitExamples(digits.train),
    count = fast ? 250 : 1000
  const data = { train: sliceOf(all, 0, count), validation: sliceOf(all, count, 3 * count), test: digitExamples(digits.test) }
  await onBackend(options, host, async backend => {
    host.print(`sweep: ${count} training and ${2 * count} validation digits, on the ${backend} backend`)
    const key = random.key(options.seed)
    const rates = await sweepRates(host, options, data, key)
    const regularised = await compareRegularisers(host, options, data, key, rates.best)
    printResults(host, { ...rates.results, ...regularised })
  })
}

/** A column of each hyper-parameter. */
const hypers = (rates: readonly number[], decay: readonly number[] = [0], dropout: readonly number[] = [0]): Hyper => {
  const column = (values: readonly number[]) =>
    array(
      Array.from({ length: Math.max(rates.length, decay.length) }, (_, i) => values[i] ?? (values[0] as number)),
      { dtype: 'float32' },
    )
  return { rate: column(rates), decay: column(decay), dropout: column(dropout) }
}
const scalars = (rate: number): Hyper => ({ rate: array(rate), decay: array(0), dropout: array(0) })

const logSpaced = (from: number, to: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => from * (to / from) ** (i / (count - 1)))
const indexOfLeast = (values: readonly number[]): number =>
  values.reduce((best, v, i) => (v < (values[best] as number) || Number.isNaN(values[best]) ? i : best), 0)

/** Trains, and gives the last state. */
function run(host: Host, title: string, runs: Runs, data: Data, key: Key, epochs: number, onEpoch?: (state: State) => void): State {
  const [initKey, orderKey] = random.split(key),
    report = progressOf(host, title, epochs)
  let state = runs.init(initKey)
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const batch of shuffled(data.train, { batchSize: BATCH, key: orderKey })(epoch)) [state] = runs.step(state, batch)
    onEpoch?.(state)
    report(epoch + 1, '')
  }
  return state
}

const timed = <T>(f: () => T): readonly [result: T, seconds: number] => {
  const started = performance.now(),
    result = f()
  return [result, (performance.now() - started) / 1000]
}

async function sweepRates(host: Host, options: Options, data: Data, key: Key) {
  const rates = logSpaced(1e-4, 1, options.fast ? 4 : 20),
    epochs = options.fast ? 1 : 10
  const lossesOf = (runs: Runs, title: string): readonly number[] =>
    runs.score(run(host, title, runs, data, key, epochs), data.validation).losses
  const [together, seconds] = timed(() => lossesOf(several(hypers(rates)), 'all rates at once'))
  const [apart, secondsApart] = timed(() => rates.map((rate, i) => lossesOf(single(scalars(rate)), `rate ${i + 1}`)[0] as number))
  const found = indexOfLeast(together),
    best = indexOfLeast(apart)
  host.print(`${rates.length} rates at once: ${seconds.toFixed(1)} s; one after another: ${secondsApart.toFixed(1)} s`)
  host.print(`found rate ${(rates[found] as number).toPrecision(3)}, best single run ${(rates[best] as number).toPrecision(3)}`)
  const series = [
    { name: 'at once', points: rates.map((r, i) => [r, together[i] as number] as const) },
    { name: 'one by one', points: rates.map((r, i) => [r, apart[i] as number] as const) },
  ]
  const chart = xyChart(series, { title: 'Learning rates', x: 'rate of Adam', y: 'validation loss', logX: true, logY: true })
  await writeOutput(host, options.out, 'rates.svg', svgFile(chart))
  const ratio = (a: number | undefined, b: number | undefined): number => (a ?? NaN) / (b ?? NaN)
  return {
    best: rates[found] as number,
    results: {
      'rate ratio': Math.max(ratio(rates[found], rates[best]), ratio(rates[best], rates[found])),
      'loss ratio': ratio(apart[found], apart[best]),
      speedup: secondsApart / seconds,
    },
  }
}

/** Values of weight decay and dropout to compare; the first run has neither. In the fast mode as many runs as rates, which compile to the same programs. */
const regularisers = { decays: [0.01, 0.03, 0.1, 0.3, 1], dropouts: [0.1, 0.3, 0.5, 0.7, 0.9] }
const fewRegularisers = { decays: [0.1], dropouts: [0.3, 0.5] }

async function compareRegularisers(host: Host, options: Options, data: Data, key: Key, rate: number) {
  const epochs = options.fast ? 1 : 60,
    { decays, dropouts } = options.fast ? fewRegularisers : regularisers
  const zeros = (values: readonly number[]): readonly number[] => values.map(() => 0)
  const runs = several(hypers([rate], [0, ...decays, ...zeros(dropouts)], [0, ...zeros(decays), ...dropouts]))
  const training: (readonly number[])[] = [],
    validation: (readonly number[])[] = []
  const state = run(host, 'decay and dropout', runs, data, key, epochs, s => {
    training.push(runs.score(s, data.train).losses)
    validation.push(runs.score(s, data.validation).losses)
  })
  const last = validation.at(-1) as readonly number[],
    tests = runs.score(state, data.test).accuracies
  const decay = 1 + indexOfLeast(last.slice(1, 1 + decays.length)),
    dropout = 1 + decays.length + indexOfLeast(last.slice(1 + decays.length))
  host.print(
    `of decays ${decays.join(', ')}: ${decays[decay - 1]}; of dropouts ${dropouts.join(', ')}: ${dropouts[dropout - 1 - decays.length]}`,
  )
  const stopped = await stopEarly(data, key, rate, epochs)
  host.print(`early stopping ended after ${stopped.epochs} of ${epochs} epochs`)
  await draw(host, options.out, { training, validation }, { plain: 0, decay, dropout })
  return {
    'accuracy plain': tests[0] as number,
    'accuracy decay': tests[decay] as number,
    'accuracy dropout': tests[dropout] as number,
    'accuracy stopped': stopped.accuracy,
  }
}

/** The plain run again, by `fit`, which stops when the validation loss has not improved for five epochs and keeps the best state. */
async function stopEarly(
  data: Data,
  key: Key,
  rate: number,
  epochs: number,
): Promise<{ readonly epochs: number; readonly accuracy: number }> {
  const runs = single(scalars(rate)),
    [initKey, orderKey] = random.split(key)
  const order = { batchSize: BATCH, key: orderKey }
  const { best, state, epoch } = await fit(
    (s: State, batch) => {
      const [next, loss] = runs.step(s, batch)
      return [next, { loss }]
    },
    runs.init(initKey),
    shuffled(data.train, order),
    {
      epochs,
      evaluate: s => ({ loss: runs.score(s, data.validation).losses[0] as number }),
      stop: earlyStopping({ patience: 5 }),
      keepBest: true,
    },
  )
  return { epochs: epoch, accuracy: runs.score(best ?? state, data.test).accuracies[0] as number }
}

interface Curves {
  /** By epoch, then by run. */
  readonly training: readonly (readonly number[])[]
  readonly validation: readonly (readonly number[])[]
}

async function draw(host: Host, folder: string, { training, validation }: Curves, chosen: Readonly<Record<string, number>>): Promise<void> {
  const curve = (name: string, values: Curves['training'], i: number): Series =>
    seriesOf(
      name,
      values.map(v => v[i] as number),
    )
  const charts = Object.entries(chosen).map(([name, i]) =>
    xyChart([curve('training', training, i), curve('validation', validation, i)], {
      title: name,
      x: 'epoch',
      y: 'loss',
      logY: true,
      width: 360,
    }),
  )
  await writeOutput(host, folder, 'overfitting.svg', svgFile(charts, 3))
  const validations = Object.entries(chosen).map(([name, i]) => curve(name, validation, i))
  host.print(terminalChart(validations, { title: 'validation loss', color: host.isTerminal }))
}
