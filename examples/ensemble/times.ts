/** What training eight networks at once saves, against training one after another. */
import { type Tensor, random } from '@cotangent/core'
import { type Metrics, type Stepped, fit } from '@cotangent/nn'
import { sliceOf, tensorsOf } from '@cotangent/nn/data'
import { type ExampleBatch, type Examples, shuffled } from '../lib/classify.ts'
import { median } from '../lib/results/targets.ts'
import { MEMBERS, type State, initAll, initOne, stepAll, stepOne } from './members.ts'

/** Milliseconds of a step of all members, and of a step of each of them. */
export interface Times {
  readonly together: number
  readonly apart: number
}
type Step = (state: State, batch: ExampleBatch) => Stepped<State, Metrics>

/** Medians of rounds, both ways in each, so that both meet the same machine. The first does not count: it compiles. */
async function compare(rounds: number, together: () => Promise<number>, apart: () => Promise<number>): Promise<Times> {
  const times: Times[] = []
  for (let i = 0; i <= rounds; i++) times.push({ together: await together(), apart: await apart() })
  const counted = times.slice(1)
  return { together: median(counted.map(t => t.together)), apart: median(counted.map(t => t.apart)) }
}

/** As one trains: by `fit`, which takes a fresh batch for each step and reads its loss. Members one after another go over the batches eight times. */
export function timesOfTraining(key: random.Key, train: Examples, batchSize: number, steps: number, rounds: number): Promise<Times> {
  const data = sliceOf(train, 0, steps * batchSize)
  const timeOf = async (step: Step, start: () => State): Promise<number> => {
    const state = start(),
      began = performance.now()
    const { step: taken } = await fit(step, state, shuffled(data, { batchSize, key }), { epochs: 1 })
    return (performance.now() - began) / taken
  }
  return compare(
    rounds,
    () => timeOf(stepAll, () => initAll(key)),
    async () => {
      let sum = 0
      for (let i = 0; i < MEMBERS; i++) sum += await timeOf(stepOne, () => initOne(random.foldIn(key, i)))
      return sum
    },
  )
}

/** The compiled steps alone, again and again on one batch: the arithmetic, and the calls. */
export function timesOfSteps(key: random.Key, train: Examples, batchSize: number, rounds: number): Promise<Times> {
  const batch = tensorsOf(sliceOf(train, 0, batchSize))
  let all = initAll(key),
    each = Array.from({ length: MEMBERS }, (_, i) => initOne(random.foldIn(key, i)))
  const timeOf = async (run: () => Tensor): Promise<number> => {
    const began = performance.now()
    run().dataSync()
    return performance.now() - began
  }
  return compare(
    rounds,
    () =>
      timeOf(() => {
        const [next, { loss }] = stepAll(all, batch)
        all = next
        return loss as Tensor
      }),
    () =>
      timeOf(() => {
        const results = each.map(state => stepOne(state, batch))
        each = results.map(([next]) => next)
        return results.at(-1)?.[1]['loss'] as Tensor
      }),
  )
}
