/** Means of the metrics of some steps, as plain data that a checkpoint can hold. */
import { fail, showShape } from '@cotangent/core/extend'
import { checkTensors } from '../checks.ts'
import type { Metrics, Numbers } from './events.ts'

export interface Means {
  readonly sums: Numbers
  readonly count: number
}
export const noMeans: Means = { sums: {}, count: 0 }

export const addTo = (m: Means, values: Numbers): Means => ({
  sums: Object.fromEntries(Object.entries(values).map(([name, v]) => [name, (m.sums[name] ?? 0) + v])),
  count: m.count + 1,
})

export const meansOf = ({ sums, count }: Means): Numbers => Object.fromEntries(Object.entries(sums).map(([name, v]) => [name, v / count]))

/** The numbers of several steps' metrics, read at once. */
export const readMetrics = (all: readonly Metrics[]): Promise<readonly Numbers[]> => Promise.all(all.map(readOne))

async function readOne(metrics: Metrics): Promise<Numbers> {
  const read = async ([name, t]: readonly [string, Metrics[string]]): Promise<readonly [string, number]> => {
    checkTensors('fit', { [`the metric ${name}`]: t })
    if (t.size !== 1) fail('ShapeError', `fit: the metric ${name} has shape ${showShape(t.shape)}. Return its mean.`)
    return [name, (await t.data())[0] as number]
  }
  return Object.fromEntries(await Promise.all(Object.entries(metrics).map(read)))
}
