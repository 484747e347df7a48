/** Types of layers whose parameters or state follow from their options; compiled, never run. */
import { type Key, type Shape, type Tensor } from '@cotangent/core'
import {
  type Adapters,
  type Attention,
  type BatchStatistics,
  type Bidirectional,
  type Conv,
  type CrossInput,
  type DecoderBlock,
  type Dense,
  type Embedding,
  type GatedFeedForward,
  type Gru,
  type Kernel,
  type KvCache,
  type Layer,
  type LayerNorm,
  type LowRank,
  type LstmCarry,
  type Positions,
  type Recurrent,
  type Scale,
  type StreamIndex,
  type Transformer,
  type TransformerBlock,
  batchNorm,
  bidirectional,
  conv1d,
  conv2d,
  conv3dTranspose,
  dense,
  embedding,
  gatedFeedForward,
  gelu,
  gruCell,
  learnedPositions,
  loraInit,
  lstm,
  lstmCell,
  merge,
  multiHeadAttention,
  named,
  relu,
  residual,
  rmsNorm,
  serial,
  sinusoidalPositions,
  stackedCell,
  transformerBlock,
  transformerDecoder,
  transformerEncoder,
  unroll,
} from '@cotangent/nn'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A>(): <B>(value: B, ...proof: Equal<A, B> extends true ? [] : [expected: A]) => void
declare const x: Tensor, key: Key, shape: Shape

// Biases.
same<Layer<Kernel>>()(conv2d(8, 3, { useBias: false }))
same<Layer<Conv>>()(conv2d(8, 3, { strides: 2 }))
same<Layer<Conv>>()(conv1d(8, 3, { padding: 'CAUSAL' }))
same<Layer<Kernel>>()(conv3dTranspose(8, [1, 2, 3], { useBias: false }))
same<Layer<Dense>>()(dense(8, { useBias: true }))
// A condition that is not known yet.
declare const maybe: boolean
same<Layer<Kernel | Dense>>()(dense(8, { useBias: maybe }))

// State.
const cnn = serial(conv2d(8, 3, { useBias: false }), batchNorm(), relu, residual(batchNorm()))
same<Layer<readonly [Kernel, LayerNorm, null, LayerNorm], readonly [null, BatchStatistics, null, BatchStatistics], Tensor, Tensor>>()(cnn)
same<Layer<readonly [Conv, null], null>>()(merge('add', [conv2d(8, 1), relu]))
same<Layer<readonly [LayerNorm, null], readonly [BatchStatistics, null]>>()(merge('add', [batchNorm(), relu]))

// Sequences.
const reader = serial(embedding(100, 8), lstm(4), bidirectional(gruCell(4), { returnSequences: false }), dense(2))
same<Layer<readonly [Embedding, Recurrent, Bidirectional<Gru>, Dense], null, Tensor, Tensor>>()(reader)
const cell = stackedCell(lstmCell(4), gruCell(4))
const [carry, ys] = unroll(cell, cell.init(key, 3), x)
same<readonly [LstmCarry, Tensor]>()(carry)
same<Tensor>()(ys)

// Caches.
same<Layer<Attention>>()(multiHeadAttention(4, { causal: true }))
same<Layer<Attention, KvCache>>()(multiHeadAttention(4, { cache: { batch: 1, length: 8 } }))
same<Layer<Positions>>()(learnedPositions(8))
same<Layer<Positions, StreamIndex>>()(learnedPositions(8, { stream: true }))
same<Layer<null, StreamIndex>>()(sinusoidalPositions({ stream: true }))
same<Layer<TransformerBlock>>()(transformerBlock({ heads: 4 }))
same<Layer<Transformer<TransformerBlock>, readonly KvCache[]>>()(transformerEncoder(2, { heads: 4, cache: { batch: 1, length: 8 } }))
same<Layer<Transformer<TransformerBlock<Scale, GatedFeedForward>, Scale>>>()(
  transformerEncoder(2, { heads: 4, norm: rmsNorm(), feedForward: gatedFeedForward(16) }),
)
same<Layer<Transformer<DecoderBlock>, null, CrossInput>>()(transformerDecoder(2, { heads: 4 }))

// A language model, and the same one that generates with a cache: the parameters are of one type.
const parts = { tokens: embedding(65, 16), head: dense(65) }
const train = named({ ...parts, positions: learnedPositions(8), body: transformerEncoder(2, { heads: 4, causal: true }) })
const generate = named({
  ...parts,
  positions: learnedPositions(8, { stream: true }),
  body: transformerEncoder(2, { heads: 4, cache: { batch: 1, length: 8 } }),
})
const { params } = train.init(key, shape)
generate.step(params, generate.init(key, shape).state, x)

// Adapters: a tree like the parameters.
const adapters = loraInit(key, params, 2)
same<Adapters<typeof params>>()(adapters)
same<LowRank | null>()(adapters.head.kernel)

export const mistakes: readonly unknown[] = [
  // @ts-expect-error no bias was made
  dense(3, { useBias: false }).init(key, [4]).params.bias,
  // @ts-expect-error a model with statistics: use `step`
  cnn.apply(cnn.init(key, [3]).params, x),
  // @ts-expect-error a model with a cache: use `step`
  generate.apply(params, x),
  // @ts-expect-error a memory is missing
  transformerDecoder(1, { heads: 4 }).apply(transformerDecoder(1, { heads: 4 }).init(key, [3, 4]).params, x),
  // @ts-expect-error a size for each of three axes of an image
  conv2d(8, [3, 3, 3]),
  // @ts-expect-error the cache's length is missing
  multiHeadAttention(4, { cache: { batch: 1 } }),
  // @ts-expect-error a merge that does not exist
  merge('sum', [relu, gelu]),
  // @ts-expect-error branches of nothing
  merge('add', []),
  // @ts-expect-error the carry of another cell
  unroll(lstmCell(3), lstmCell(3).init(key, 3), x, { carry: x }),
]
