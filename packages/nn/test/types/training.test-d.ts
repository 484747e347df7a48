/** Types of training and data that must hold, and mistakes that must stay errors; compiled, never run. */
import { type Tensor, array, random } from '@cotangent/core'
import {
  type AdamState,
  type BatchStatistics,
  type Dense,
  type Fitted,
  type LayerNorm,
  type TrainState,
  adam,
  batchNorm,
  dense,
  fit,
  initTrainState,
  metrics,
  meanSquaredError,
  relu,
  serial,
  sgd,
  type SgdState,
  softmaxCrossEntropy,
  trainStep,
  trainer,
} from '@cotangent/nn'
import { type BatchOf, type Batches, type Dataset, type HostArray, batches, dataset, kFold, splitDataset } from '@cotangent/nn/data'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A>(): <B>(value: B, ...proof: Equal<A, B> extends true ? [] : [expected: A]) => void

// Data: columns keep their names.
interface Digits {
  readonly images: HostArray
  readonly labels: HostArray
}
const digits = dataset({ images: array([[1]]), labels: Int32Array.of(0) })
same<Dataset<{ readonly images: HostArray; readonly labels: HostArray }>>()(digits)
same<Batches<BatchOf<{ readonly images: HostArray; readonly labels: HostArray }>>>()(batches(digits, 2))
const [train, validation] = splitDataset(digits, [0.9, 0.1])
same<typeof digits>()(train)
same<typeof digits>()(validation)
same<typeof digits>()(kFold(digits, 5)[0]?.train ?? digits)
// @ts-expect-error a column is no list of texts
dataset({ a: ['x'] })

// A model with state, the batch's type from `inputs`.
type Params = readonly [Dense, LayerNorm, null, Dense]
type State = readonly [null, BatchStatistics, null, null]
const t = trainer(serial(dense(8), batchNorm(), relu, dense(10)), adam(1e-3), {
  inputs: (b: BatchOf<Digits>) => b.images,
  loss: (logits, b) => softmaxCrossEntropy(logits, b.labels),
})
same<TrainState<Params, State, AdamState<Params>>>()(t.init(random.key(0), [1]))
const run = await fit(t.step, t.init(random.key(0), [1]), epoch => batches(digits, 2, { key: random.key(epoch) }), {
  keepBest: true,
  evaluate: state => t.evaluate(state, batches(validation, 2)),
  onEvent: e => void (e.type === 'evaluation' && e.isBest && e.metrics['accuracy']),
})
same<Fitted<TrainState<Params, State, AdamState<Params>>>>()(run)

// A loss of one's own.
interface Linear {
  readonly w: Tensor
}
interface Pair {
  readonly x: Tensor
  readonly y: Tensor
}
declare const linear: Linear
const step = trainStep((p: Linear, state: null, { x, y }: Pair) => ({ loss: meanSquaredError(x.mul(p.w), y), state }), sgd(0.1))
const start = initTrainState(sgd(0.1), linear, null, random.key(0))
same<TrainState<Linear, null, SgdState>>()(start)
same<Linear>()((await fit(step, start, [{ x: array(1), y: array(2) }])).state.params)
// @ts-expect-error batches without y
await fit(step, start, [{ x: array(1) }])
// @ts-expect-error the state of another optimiser
trainStep((p: Linear, state: null) => ({ loss: p.w, state }), adam())(start, null)
// @ts-expect-error metrics are tensors
await fit((s: Tensor, _: number) => [s, { loss: 1 }], array(0), [1])

// Metrics of several kinds together: states and results are by name.
const report = metrics.all({ accuracy: metrics.accuracy(), error: metrics.perplexity(), table: metrics.topK(5) })
same<metrics.MeanState>()(report.init().table)
same<Tensor>()(report.compute(report.init()).accuracy)
const mixed = metrics.all({ curve: metrics.calibration(), area: metrics.auc() })
same<metrics.Calibration>()(mixed.compute(mixed.update(mixed.init(), array([1]), array([1]))).curve)
// @ts-expect-error there is no such metric
void report.compute(report.init()).recall
