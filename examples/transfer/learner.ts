/** Training and scoring of any layer, and examples in terms of a layer's features. */
import { type Tensor, type TreeOf, jit, random } from '@cotangent/core'
import { type Layer, adam, schedules } from '@cotangent/nn'
import { batches, dataset } from '@cotangent/nn/data'
import { type EpochsOptions, type ExampleBatch, type Examples, classifier, trainFresh } from '../lib/classify.ts'
import type { Host } from '../lib/host/host.ts'

/** For evaluations and features: one shape for all sizes that are divisible. */
export const BATCH = 50

export interface Learner<P> {
  /** Fresh parameters, trained. */
  readonly train: (title: string, examples: Examples, options: EpochsOptions, seenAs?: (batch: ExampleBatch) => ExampleBatch) => Promise<P>
  /** Share of the examples whose most probable class is the label. */
  readonly score: (params: P, examples: Examples) => Promise<number>
}

/** Trains by Adam, whose rate falls to zero over the run. */
export function learner<P extends TreeOf<P>>(host: Host, model: Layer<P>, rate: number = 1e-3): Learner<P> {
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
export function mapped(f: (x: Tensor) => Tensor): (examples: Examples) => Examples {
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
