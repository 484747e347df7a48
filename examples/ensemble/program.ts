/** The program: eight networks trained at once by vmap, alone and together. The same source in Node and in a page. */
import { type Tensor, argmax, cumsum, jit, mean, random, sum, tree, vmap } from '@cotangent/core'
import { type Metrics, type Stepped, adam, fit, softmax } from '@cotangent/nn'
import { batches, sliceOf, tensorsOf } from '@cotangent/nn/data'
import { xyChart } from '../lib/charts/xy.ts'
import { svgFile } from '../lib/charts/svg.ts'
import { type ExampleBatch, type Examples, classifier, digitExamples, reportFit, shuffled } from '../lib/classify.ts'
import { SIDE } from '../lib/digits.ts'
import type { Host } from '../lib/host/host.ts'
import { readFewDigits, readMnist } from '../lib/mnist-files.ts'
import { onBackend, printResults, writeOutput } from '../lib/program.ts'
import { median } from '../lib/results/targets.ts'
import { mlp } from '../mnist/models.ts'
import type { Options } from './options.ts'

const MEMBERS = 8
const BATCH = 32
const model = mlp()
const { init, step } = classifier(model, adam(1e-3))

type State = ReturnType<typeof init>
type Params = State['params']
const initAll = jit((keys: random.Key): State => vmap((key: random.Key) => init(key, [SIDE, SIDE, 1]))(keys))
/** One step of one member, which keeps the state that it is given. */
const single = classifier(model, adam(1e-3), { donate: false }).step
/** One step of all members on the same batch. Every leaf of the state has a first axis of members. */
const together = jit(
  (state: State, batch: ExampleBatch): Stepped<State, Metrics> => {
    const [next, metrics] = vmap((s: State, b: ExampleBatch) => single(s, b), { inAxes: [0, null] })(state, batch)
    return [next, tree.map((m: Tensor) => mean(m), metrics)]
  },
  { donate: [0] },
)

export async function main(options: Options, host: Host): Promise<void> {
  const digits = await (options.fast ? readFewDigits : readMnist)(host, options.data)
  const train = digitExamples(digits.train),
    test = digitExamples(digits.test)
  await onBackend(options, host, async backend => {
    host.print(`ensemble: ${MEMBERS} networks on ${train.rows.length} digits, on the ${backend} backend`)
    const [initKey, orderKey] = random.split(random.key(options.seed)),
      epochs = options.fast ? 1 : 5
    const start = initAll(random.splitBatch(initKey, MEMBERS))
    const order = { epochs, batchSize: BATCH, key: orderKey }
    const { state } = await fit(together, start, shuffled(train, order), {
      epochs,
      onEvent: reportFit(host, 'members', epochs * Math.ceil(train.rows.length / BATCH)),
    })
    const scores = scoresOf(state.params, test)
    const average = scores.members.reduce((a, b) => a + b, 0) / MEMBERS
    host.print(`members: ${scores.members.map(a => a.toFixed(4)).join(', ')}`)
    await draw(host, options.out, scores.byCount)
    const times = measure(orderKey, train, options.fast ? 3 : 200)
    host.print(`one vmapped step ${times.together.toFixed(3)} ms, ${MEMBERS} steps ${times.apart.toFixed(3)} ms`)
    const accuracy = scores.byCount.at(-1) as number
    printResults(host, { accuracy, 'mean member': average, gain: accuracy - average, 'time ratio': times.together / times.apart })
  })
}

/** How many each member reads right, and how many the first 1, 2, ... members do, whose probabilities are added: `[members]` each. */
const votes = jit((params: Params, { x, labels }: ExampleBatch): readonly [alone: Tensor, together: Tensor] => {
  const probabilities = vmap((p: Params, inputs: Tensor) => softmax(model.apply(p, inputs)), { inAxes: [0, null] })(params, x)
  const right = (p: Tensor): Tensor => sum(argmax(p, { axis: -1 }).equal(labels).astype('float32'), { axis: 1 })
  return [right(probabilities), right(cumsum(probabilities, { axis: 0 }))]
})

interface Scores {
  readonly members: readonly number[]
  /** Accuracy of the first 1, 2, ... members, whose probabilities are averaged. */
  readonly byCount: readonly number[]
}

function scoresOf(params: Params, test: Examples): Scores {
  const counts = { members: new Array<number>(MEMBERS).fill(0), byCount: new Array<number>(MEMBERS).fill(0) }
  for (const batch of batches(test, 500)) {
    const add = (sums: number[], right: Tensor): void =>
      right.dataSync().forEach((n: number, i: number) => (sums[i] = (sums[i] as number) + n))
    const [alone, together] = votes(params, batch)
    add(counts.members, alone)
    add(counts.byCount, together)
  }
  const share = (n: number): number => n / test.rows.length
  return { members: counts.members.map(share), byCount: counts.byCount.map(share) }
}

async function draw(host: Host, folder: string, byCount: readonly number[]): Promise<void> {
  const points = byCount.map((accuracy, i) => [i + 1, accuracy] as const)
  const chart = xyChart([{ name: 'accuracy', points }], { title: 'Members that vote', x: 'members', y: 'test accuracy' })
  await writeOutput(host, folder, 'ensemble.svg', svgFile(chart))
}

/** Median milliseconds of one step of all members, and of a step of each of them. */
function measure(key: random.Key, train: Examples, repeats: number): { readonly together: number; readonly apart: number } {
  const batch = tensorsOf(sliceOf(train, 0, BATCH))
  let state = initAll(random.splitBatch(key, MEMBERS))
  let states = Array.from({ length: MEMBERS }, (_, i) => init(random.foldIn(key, i), [SIDE, SIDE, 1]))
  const timesOf = (run: () => Tensor): number => {
    const times = Array.from({ length: repeats + 5 }, () => {
      const started = performance.now()
      run().dataSync()
      return performance.now() - started
    })
    return median(times.slice(5))
  }
  return {
    together: timesOf(() => {
      const [next, { loss }] = together(state, batch)
      state = next
      return loss as Tensor
    }),
    apart: timesOf(() => {
      const results = states.map(s => step(s, batch))
      states = results.map(([next]) => next)
      return results.at(-1)?.[1]['loss'] as Tensor
    }),
  }
}
