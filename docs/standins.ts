/** What stands for values of a reader's own in the tables that translate names (`names.ts`). Types alone: nothing here is run. */
import type { Backend, Jitted, Key, Tensor } from '@cotangent/core'
import type { Dense, GradientTransformation, Layer, LikeParams, Metric, metrics, Schedule, Trainer, TrainState } from '@cotangent/nn'
import type { BatchOf, dataset } from '@cotangent/nn/data'

export declare const x: Tensor, y: Tensor, v: Tensor, w: Tensor, q: Tensor, k: Tensor, i: Tensor, mask: Tensor, dy: Tensor, dx: Tensor
export declare const logits: Tensor, ids: Tensor, labels: Tensor, scores: Tensor, targets: Tensor, lengths: Tensor, images: Tensor
export declare const params: { readonly stem: Dense; readonly head: Dense }
export declare const grads: typeof params, updates: typeof params, before: typeof params
export declare const n: number, m: number, rate: number, step: Tensor, steps: number, shape: readonly number[]
export declare const key: Key, keys: Key
export declare const f: (x: Tensor) => Tensor, jitted: Jitted<(x: Tensor) => Tensor>
export declare const g: (x: Tensor, y: Tensor) => Tensor
export declare const loss: (p: typeof params, x: Tensor, y: Tensor) => Tensor
export declare const backend: Backend
export declare const body: (carry: Tensor, x: Tensor) => readonly [carry: Tensor, y: Tensor]
export declare const model: Layer<typeof params>, layer: Layer<typeof params>
export declare const withState: Layer<typeof params, Tensor>
export declare const state: Tensor
export declare const optimizer: GradientTransformation<LikeParams>
export declare const optimizerState: typeof params
export declare const schedule: Schedule
export declare const metric: Metric<metrics.MeanState, readonly [Tensor, Tensor]>
export declare const bytes: Uint8Array
export declare const text: string
export declare const columns: { readonly x: Float32Array; readonly y: Int32Array }
export declare const train: ReturnType<typeof dataset<typeof columns>>
export declare const test: typeof train
export type Batch = BatchOf<(typeof train)['columns']>
export declare const trainState: TrainState<typeof params, null, typeof params>
export declare const digits: Trainer<typeof trainState, Batch>
