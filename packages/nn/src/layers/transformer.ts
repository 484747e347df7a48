/** Blocks of attention and feed-forward layers with residual connections. Vaswani et al. 2017, https://arxiv.org/abs/1706.03762. */
import { type Key, type Tensor, random } from '@cotangent/core'
import { type Layer, type Mode, checkCount, partMode, sequenceOf } from '../layer.ts'
import { dropout as dropoutLayer } from './dropout.ts'
import { type FeedForward, feedForward as feedForwardLayer } from './feedForward.ts'
import {
  type Attention,
  type AttentionOptions,
  type CacheSize,
  type CacheState,
  type CrossInput,
  crossAttention,
  multiHeadAttention,
} from './multiHeadAttention.ts'
import { type LayerNorm, layerNorm } from './norm.ts'

export interface TransformerBlock<N = LayerNorm, F = FeedForward> {
  readonly attentionNorm: N
  readonly attention: Attention
  readonly feedForwardNorm: N
  readonly feedForward: F
}
export interface DecoderBlock<N = LayerNorm, F = FeedForward> extends TransformerBlock<N, F> {
  readonly crossNorm: N
  readonly cross: Attention
}
export interface TransformerOptions<N = LayerNorm, F = FeedForward, C extends CacheSize | null = CacheSize | null>
  extends AttentionOptions<C> {
  readonly heads: number
  /** Width inside the default feed-forward part. Default 4 times the width. */
  readonly hidden?: number
  /** Default `layerNorm()`. */
  readonly norm?: Layer<N>
  /** Default `feedForward(hidden)`, with gelu. */
  readonly feedForward?: Layer<F>
  /** Normalises what goes into each part (default) instead of each sum (the paper). */
  readonly preNorm?: boolean
}

interface Parts<N, F, C> {
  readonly norm: Layer<N>
  readonly attention: Layer<Attention, CacheState<C>>
  readonly preNorm: boolean
  readonly dropout: Layer<null>
  readonly feedForward: (width: number) => Layer<F>
}

function partsOf<N, F, C extends CacheSize | null>(options: TransformerOptions<N, F, C>): Parts<N, F, C> {
  const { heads, hidden, norm = layerNorm(), feedForward, preNorm = true, ...attention } = options,
    { dropout = 0 } = attention
  return {
    norm: norm as Layer<N>,
    attention: multiHeadAttention<C>(heads, attention),
    preNorm,
    dropout: dropoutLayer(dropout),
    feedForward: width => feedForward ?? (feedForwardLayer(hidden ?? 4 * width) as Layer<unknown> as Layer<F>),
  }
}

/** `x + dropout(f(norm(x)))`, or `norm(x + dropout(f(x)))`; keys i and i + 1 of the mode are f's and the dropout's. */
function sublayer<N, F, C, S>(
  parts: Parts<N, F, C>,
  norm: N,
  x: Tensor,
  mode: Mode,
  i: number,
  f: (x: Tensor, mode: Mode) => readonly [Tensor, S],
): readonly [Tensor, S] {
  const [y, state] = f(parts.preNorm ? parts.norm.apply(norm, x) : x, partMode(mode, i))
  const sum = x.add(parts.dropout.apply(null, y, partMode(mode, i + 1)))
  return [parts.preNorm ? sum : parts.norm.apply(norm, sum), state]
}

/**
 * Self-attention and a feed-forward layer, each with a residual connection: `[n, t, width]` to the same. Norms come first unless `preNorm: false`. With
 * `causal: true` it is a block of a language model. `dropout` is of attention weights and of each part's result. With `cache` the state holds keys and
 * values. PyTorch: `TransformerEncoderLayer` (there post-norm and relu by default).
 */
export function transformerBlock<N = LayerNorm, F = FeedForward, const C extends CacheSize | null = null>(
  options: TransformerOptions<N, F, C>,
): Layer<TransformerBlock<N, F>, CacheState<C>> {
  const parts = partsOf<N, F, C>(options),
    name = 'transformerBlock'
  const step = (p: TransformerBlock<N, F>, state: CacheState<C>, x: Tensor, mode: Mode = {}): readonly [Tensor, CacheState<C>] => {
    const [y, next] = sublayer(parts, p.attentionNorm, x, mode, 0, (v, m) => parts.attention.step(p.attention, state, v, m))
    const feed = parts.feedForward(x.shape[2] as number)
    return [sublayer(parts, p.feedForwardNorm, y, mode, 2, (v, m) => feed.step(p.feedForward, null, v, m))[0], next]
  }
  return {
    about: { name },
    init(key, input) {
      const [, width] = sequenceOf(name, input),
        [a, n, f, m] = random.split(key, 4)
      const attention = parts.attention.init(a, input)
      const params = {
        attentionNorm: parts.norm.init(n, input).params,
        attention: attention.params,
        feedForwardNorm: parts.norm.init(m, input).params,
        feedForward: parts.feedForward(width).init(f, input).params,
      }
      return { params, state: attention.state, output: input }
    },
    step,
    apply: (p, x, mode) => step(p, null as CacheState<C>, x, mode)[0],
  }
}

/** The same with attention to a memory in between: `apply(params, [x, memory, mask])`. Causal unless `causal: false`. PyTorch: `TransformerDecoderLayer`. */
export function decoderBlock<N = LayerNorm, F = FeedForward, const C extends CacheSize | null = null>(
  given: TransformerOptions<N, F, C>,
): Layer<DecoderBlock<N, F>, CacheState<C>, CrossInput> {
  const options = { causal: true, ...given },
    parts = partsOf<N, F, C>(options),
    cross = crossAttention(options.heads, { dropout: options.dropout ?? 0 }),
    name = 'decoderBlock'
  const step = (p: DecoderBlock<N, F>, state: CacheState<C>, input: CrossInput, mode: Mode = {}): readonly [Tensor, CacheState<C>] => {
    const [x, ...memory] = input
    const [y, next] = sublayer(parts, p.attentionNorm, x, mode, 0, (v, m) => parts.attention.step(p.attention, state, v, m))
    const [z] = sublayer(parts, p.crossNorm, y, mode, 2, (v, m) => cross.step(p.cross, null, [v, ...memory], m))
    const feed = parts.feedForward(x.shape[2] as number)
    return [sublayer(parts, p.feedForwardNorm, z, mode, 4, (v, m) => feed.step(p.feedForward, null, v, m))[0], next]
  }
  return {
    about: { name },
    init(key, input) {
      const [own, c, n] = random.split(key, 3)
      const { params, state, output } = transformerBlock<N, F, C>(options).init(own, input)
      return { params: { ...params, crossNorm: parts.norm.init(n, input).params, cross: cross.init(c, input).params }, state, output }
    },
    step,
    apply: (p, x, mode) => step(p, null as CacheState<C>, x, mode)[0],
  }
}

export interface Transformer<B, N = LayerNorm> {
  readonly blocks: readonly B[]
  /** After the last block. */
  readonly norm: N
}
export type StackState<C> = C extends CacheSize ? readonly CacheState<C>[] : null

/** `depth` blocks in a row, then a norm. `feed` makes the input of the next block from a block's output and the first input. */
function stackOf<B, N, C extends CacheSize | null, I>(
  name: string,
  depth: number,
  block: Layer<B, CacheState<C>, I>,
  norm: Layer<N>,
  feed: (y: Tensor, input: I) => I,
): Layer<Transformer<B, N>, StackState<C>, I> {
  checkCount(name, 'depth', depth)
  const step = (p: Transformer<B, N>, state: StackState<C>, input: I, mode: Mode = {}): readonly [Tensor, StackState<C>] => {
    const caches = state as readonly CacheState<C>[] | null,
      next: CacheState<C>[] = []
    const last = p.blocks.reduce((x, b, i) => {
      const [y, s] = block.step(b, caches === null ? (null as CacheState<C>) : (caches[i] as CacheState<C>), x, partMode(mode, i))
      next.push(s)
      return feed(y, input)
    }, input)
    return [norm.apply(p.norm, tensorOf(last)), (caches === null ? null : next) as StackState<C>]
  }
  return {
    about: { name: `${name}(${depth})` },
    init(key: Key, input) {
      const made = Array.from({ length: depth }, (_, i) => block.init(random.foldIn(key, i), input))
      const norms = norm.init(random.foldIn(key, depth), input)
      const states = made.every(m => m.state === null) ? null : made.map(m => m.state)
      return { params: { blocks: made.map(m => m.params), norm: norms.params }, state: states as StackState<C>, output: norms.output }
    },
    step,
    apply: (p, x, mode) => step(p, null as StackState<C>, x, mode)[0],
  }
}
const tensorOf = (input: unknown): Tensor => (Array.isArray(input) ? input[0] : input) as Tensor

/**
 * `depth` transformer blocks and a last norm, `[n, t, width]` to the same; a language model with `causal: true`.
 * @example
 * const model = named({
 *   tokens: embedding(65, 128), positions: learnedPositions(64), body: transformerEncoder(4, { heads: 4, causal: true }), head: dense(65),
 * })
 */
export function transformerEncoder<N = LayerNorm, F = FeedForward, const C extends CacheSize | null = null>(
  depth: number,
  options: TransformerOptions<N, F, C>,
): Layer<Transformer<TransformerBlock<N, F>, N>, StackState<C>> {
  return stackOf<TransformerBlock<N, F>, N, C, Tensor>(
    'transformerEncoder',
    depth,
    transformerBlock<N, F, C>(options),
    partsOf<N, F, C>(options).norm,
    y => y,
  )
}

/** `depth` decoder blocks and a last norm: `apply(params, [x, memory, mask])`. */
export function transformerDecoder<N = LayerNorm, F = FeedForward, const C extends CacheSize | null = null>(
  depth: number,
  options: TransformerOptions<N, F, C>,
): Layer<Transformer<DecoderBlock<N, F>, N>, StackState<C>, CrossInput> {
  const feed = (y: Tensor, [, ...memory]: CrossInput): CrossInput => [y, ...memory]
  return stackOf<DecoderBlock<N, F>, N, C, CrossInput>(
    'transformerDecoder',
    depth,
    decoderBlock<N, F, C>(options),
    partsOf<N, F, C>(options).norm,
    feed,
  )
}
