/** A small training run, and its bits. */
import { type Tensor, tree } from '@cotangent/core'
import {
  type AdamState,
  type CheckpointStore,
  type TrainState,
  type Trainer,
  adam,
  dense,
  dropout,
  meanSquaredError,
  serial,
  tanh,
  trainer,
} from '../../src/index.ts'
import { type BatchOf, type Columns, type Dataset, dataset } from '../../src/data/index.ts'

export interface Pairs extends Columns {
  readonly x: { readonly data: Float32Array; readonly shape: readonly number[] }
  readonly y: { readonly data: Float32Array; readonly shape: readonly number[] }
}
/** y = sin x at `n` places. */
export function sines(n: number): Dataset<Pairs> {
  const x = Float32Array.from({ length: n }, (_, i) => (6 * i) / n - 3)
  return dataset({ x: { data: x, shape: [n, 1] }, y: { data: x.map(Math.sin), shape: [n, 1] } }) as Dataset<Pairs>
}

/** Dropout: each step draws, so that a wrong key or number shows. */
const smallModel = (rate: number) => serial(dense(4), tanh, dropout(rate), dense(1))
type Params = ReturnType<ReturnType<typeof smallModel>['init']>['params']
export type SmallState = TrainState<Params, null, AdamState<Params>>

export const smallTrainer = (accumulate = 1, rate = 0.25): Trainer<SmallState, BatchOf<Pairs>> =>
  trainer(smallModel(rate), adam(0.05), {
    inputs: (b: BatchOf<Pairs>) => b.x,
    loss: (y: Tensor, b) => meanSquaredError(y, b.y),
    metrics: (y: Tensor, b) => ({ bias: y.sub(b.y).mean() }),
    accumulate,
  })

/** The bits of all tensors in a tree. */
export const bitsOf = (t: unknown): readonly (readonly number[])[] =>
  tree.leaves(t).map(leaf => {
    const data = leaf.dataSync()
    return [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]
  })

/** A store in memory that counts what is written. */
export interface MemoryStore extends CheckpointStore {
  bytes: Uint8Array | null
  writes: number
}
export const memoryStore = (bytes: Uint8Array | null = null): MemoryStore => ({
  name: 'run.safetensors',
  bytes,
  writes: 0,
  async read() {
    return this.bytes
  },
  async write(given) {
    this.bytes = given
    this.writes++
  },
})
