/** The program: eight networks trained at once by vmap, alone and together. The same source in Node and in a page. */
import { type Tensor, argmax, cumsum, jit, random, sum, vmap } from '@cotangent/core'
import { fit, softmax } from '@cotangent/nn'
import { batches } from '@cotangent/nn/data'
import { xyChart } from '../lib/charts/xy.ts'
import { svgFile } from '../lib/charts/svg.ts'
import { type ExampleBatch, type Examples, digitExamples, reportFit, shuffled } from '../lib/classify.ts'
import type { Host } from '../lib/host/host.ts'
import { readFewDigits, readMnist } from '../lib/mnist-files.ts'
import { onBackend, printResults, writeOutput } from '../lib/program.ts'
import { MEMBERS, type State, initAll, model, stepAll } from './members.ts'
import type { Options } from './options.ts'
import { type Times, timesOfSteps, timesOfTraining } from './times.ts'

const BATCH = 32

export async function main(options: Options, host: Host): Promise<void> {
  const digits = await (options.fast ? readFewDigits : readMnist)(host, options.data)
  const train = digitExamples(digits.train),
    test = digitExamples(digits.test)
  await onBackend(options, host, async backend => {
    host.print(`ensemble: ${MEMBERS} networks on ${train.rows.length} digits, on the ${backend} backend`)
    const [initKey, orderKey] = random.split(random.key(options.seed)),
      epochs = options.fast ? 1 : 5
    const order = { epochs, batchSize: BATCH, key: orderKey }
    const { state } = await fit(stepAll, initAll(initKey), shuffled(train, order), {
      epochs,
      onEvent: reportFit(host, 'members', epochs * Math.ceil(train.rows.length / BATCH)),
    })
    const scores = scoresOf(state.params, test)
    const average = scores.members.reduce((a, b) => a + b, 0) / MEMBERS
    host.print(`members: ${scores.members.map(a => a.toFixed(4)).join(', ')}`)
    await draw(host, options.out, scores.byCount)
    const [steps, rounds, calls] = options.fast ? [2, 1, 2] : [200, 5, 200]
    const training = await timesOfTraining(orderKey, train, BATCH, steps, rounds),
      step = await timesOfSteps(orderKey, train, BATCH, calls)
    host.print(`training: ${written(training)}`)
    host.print(`compiled steps alone: ${written(step)}`)
    const accuracy = scores.byCount.at(-1) as number
    printResults(host, {
      accuracy,
      'mean member': average,
      gain: accuracy - average,
      'time ratio': training.together / training.apart,
      'step ratio': step.together / step.apart,
    })
  })
}

const written = ({ together, apart }: Times): string =>
  `a step of all at once ${together.toFixed(3)} ms, ${MEMBERS} steps one after another ${apart.toFixed(3)} ms`

/** How many each member reads right, and how many the first 1, 2, ... members do, whose probabilities are added: `[members]` each. */
const votes = jit((params: State['params'], { x, labels }: ExampleBatch): readonly [alone: Tensor, together: Tensor] => {
  const probabilities = vmap((p: State['params'], inputs: Tensor) => softmax(model.apply(p, inputs)), { inAxes: [0, null] })(params, x)
  const right = (p: Tensor): Tensor => sum(argmax(p, { axis: -1 }).equal(labels).astype('float32'), { axis: 1 })
  return [right(probabilities), right(cumsum(probabilities, { axis: 0 }))]
})

interface Scores {
  readonly members: readonly number[]
  /** Accuracy of the first 1, 2, ... members, whose probabilities are averaged. */
  readonly byCount: readonly number[]
}

function scoresOf(params: State['params'], test: Examples): Scores {
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
