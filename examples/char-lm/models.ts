/** Two networks that say from characters which one comes next. Both learn on whole blocks and write character by character, on the same parameters. */
import { type Tensor, random, sliceAxis } from '@cotangent/core'
import {
  type Dense,
  type Embedding,
  type KvCache,
  type Layer,
  type LstmCarry,
  type Positions,
  type Recurrent,
  type StreamIndex,
  type Transformer,
  type TransformerBlock,
  dense,
  embedding,
  initializers,
  learnedPositions,
  lstm,
  lstmCell,
  named,
  transformerEncoder,
  unroll,
} from '@cotangent/nn'

export const models = ['transformer', 'rnn'] as const
export type ModelName = (typeof models)[number]

export interface LanguageModel<P, S> {
  /** To learn: ids `[n, t]` to logits `[n, t, characters]` of what comes behind each. */
  readonly network: Layer<P>
  /** To write: the state before the first character. */
  readonly begin: () => S
  /** Takes in some more ids `[1, t]`; gives the logits of the next one, `[characters]`. */
  readonly read: (params: P, state: S, ids: Tensor) => readonly [logits: Tensor, state: S]
  /** Characters that the state has room for. */
  readonly room: number
}

export interface Sizes {
  readonly depth: number
  readonly heads: number
  readonly width: number
  /** Characters of a block. */
  readonly block: number
}

export interface TransformerParams {
  readonly tokens: Embedding
  readonly positions: Positions
  readonly body: Transformer<TransformerBlock>
  readonly head: Dense
}
export interface TransformerState {
  readonly tokens: null
  readonly positions: StreamIndex
  readonly body: readonly KvCache[]
  readonly head: null
}

/** GPT-2's network without dropout, as nanoGPT has it for a CPU. While it writes, keys and values of what it has read are kept. */
export function transformer(characters: number, { depth, heads, width, block }: Sizes): LanguageModel<TransformerParams, TransformerState> {
  const small = initializers.normal(0.02)
  const ends = { tokens: embedding(characters, width, { tableInit: small }), head: dense(characters, { kernelInit: small }) }
  const network = named({
    tokens: ends.tokens,
    positions: learnedPositions(block),
    body: transformerEncoder(depth, { heads, causal: true }),
    head: ends.head,
  })
  const writer = named({
    tokens: ends.tokens,
    positions: learnedPositions(block, { stream: true }),
    body: transformerEncoder(depth, { heads, cache: { batch: 1, length: block } }),
    head: ends.head,
  })
  return {
    network,
    begin: () => writer.init(random.key(0), [block]).state,
    read: (params, state, ids) => {
      const [logits, next] = writer.step(params, state, ids)
      return [lastOf(logits), next]
    },
    room: block,
  }
}

export interface RnnParams {
  readonly tokens: Embedding
  readonly body: Recurrent
  readonly head: Dense
}

/** One layer of LSTM, whose carry is all that it knows of what it has read. */
export function recurrentNetwork(characters: number, { width }: Pick<Sizes, 'width'>): LanguageModel<RnnParams, LstmCarry> {
  const tokens = embedding(characters, width),
    head = dense(characters),
    cell = lstmCell(2 * width)
  return {
    network: named({ tokens, body: lstm(2 * width), head }),
    begin: () => cell.start(1, 'float32'),
    read: (params, carry, ids) => {
      const [next, ys] = unroll(cell, params.body, tokens.apply(params.tokens, ids), { carry })
      return [lastOf(head.apply(params.head, ys)), next]
    },
    room: Infinity,
  }
}

/** Of `[1, t, c]` the last row, `[c]`. */
const lastOf = (logits: Tensor): Tensor => sliceAxis(logits, -1, undefined, { axis: 1 }).reshape([-1])
