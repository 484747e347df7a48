/** Attention as a layer: projections to heads, attention, projection back. */
import {
  type Key,
  type Shape,
  type Tensor,
  add,
  arange,
  array,
  greater,
  lax,
  lessEqual,
  logicalAnd,
  ones,
  random,
  where,
  zeros,
} from '@cotangent/core'
import { checkOptions, fail, showShape } from '@cotangent/core/extend'
import { checkNumber } from '../checks.ts'
import { type Initializer, glorotUniform } from '../init.ts'
import { type Layer, type Mode, checkCount, checkMask, checkSequence, sequenceOf, stateful, stateless } from '../layer.ts'
import { dotProductAttention } from './attention.ts'
import { type Dense, dense } from './dense.ts'
import { type RotaryOptions, alibiBias, rotary } from './positions.ts'

export interface Attention {
  /** `[width, heads * headWidth]` */
  readonly query: Dense
  /** `[width, groups * headWidth]` */
  readonly key: Dense
  readonly value: Dense
  /** `[heads * headWidth, width]` */
  readonly out: Dense
}

/** Keys and values of what a stream has seen: state. */
export interface KvCache {
  /** `[batch, length, groups, headWidth]` */
  readonly keys: Tensor
  readonly values: Tensor
  /** Which places may be looked at: bool, `[batch, length]`. */
  readonly mask: Tensor
  /** Elements so far: int32, `[]`. */
  readonly index: Tensor
}
export interface CacheSize {
  readonly batch: number
  /** Elements that the cache holds. Beyond it results are NaN. */
  readonly length: number
}
export type CacheState<C> = C extends CacheSize ? KvCache : null

export interface AttentionOptions<C extends CacheSize | null = CacheSize | null> {
  /** Heads of keys and values, which divide `heads`; below it several heads share one (grouped queries; 1: multi-query). Default `heads`. */
  readonly groups?: number
  /** Default `width / heads`, which must then be an integer. */
  readonly headWidth?: number
  /** Each element sees itself and earlier ones. Default false; always so with a cache. */
  readonly causal?: boolean
  /** Rotates queries and keys by their positions. Default none. */
  readonly rotary?: RotaryOptions | boolean
  /** Biases that fall with the distance (`alibiBias`). Default false. */
  readonly alibi?: boolean
  /** Probability that a weight is dropped while training. Default 0. */
  readonly dropout?: number
  /** Keeps keys and values from call to call, in the state: for generation, on the parameters of the same layer without it. Default none. */
  readonly cache?: C
  /** Of all four kernels. Default Glorot uniform. */
  readonly kernelInit?: Initializer
}
/** Keys and values come from `memory`, `[n, s, memoryWidth]`; the mask `[n, s]` is true where the memory has an element. */
export type CrossInput = readonly [x: Tensor, memory: Tensor, mask?: Tensor]
export interface CrossAttentionOptions extends Pick<AttentionOptions, 'groups' | 'headWidth' | 'dropout' | 'kernelInit'> {
  /** Default: that of `x`. */
  readonly memoryWidth?: number
}

interface Sizes {
  readonly heads: number
  readonly groups: number
  readonly headWidth: number
}
const inHeads = (x: Tensor, heads: number): Tensor => x.reshape([...x.shape.slice(0, -1), heads, (x.shape[x.ndim - 1] as number) / heads])
const project = (p: Dense, x: Tensor): Tensor => x.matmul(p.kernel).add(p.bias)
const OPTIONS = ['groups', 'headWidth', 'causal', 'rotary', 'alibi', 'dropout', 'cache', 'kernelInit'] as const
const joinHeads = (p: Attention, y: Tensor): Tensor => project(p.out, y.reshape([...y.shape.slice(0, 2), -1]))

function sizesOf(name: string, heads: number, options: AttentionOptions, width: number): Sizes {
  const { groups = heads, headWidth = width / heads, dropout = 0 } = options
  checkNumber(name, 'dropout', dropout, 'a probability in [0, 1)', p => p >= 0 && p < 1)
  checkCount(name, 'heads', heads)
  checkCount(name, 'groups', groups)
  if (!Number.isInteger(headWidth)) fail('ShapeError', `${name}: ${heads} heads do not divide a width of ${width}. Give headWidth.`)
  if (heads % groups !== 0) fail('ValueError', `${name}: ${groups} groups do not divide ${heads} heads.`)
  return { heads, groups, headWidth }
}
function initAttention(
  key: Key,
  { heads, groups, headWidth }: Sizes,
  width: number,
  memoryWidth: number,
  kernelInit: Initializer,
): Attention {
  const [q, k, v, o] = random.split(key, 4)
  const part = (partKey: Key, from: number, to: number): Dense => dense(to, { kernelInit }).init(partKey, [from]).params
  return {
    query: part(q, width, heads * headWidth),
    key: part(k, memoryWidth, groups * headWidth),
    value: part(v, memoryWidth, groups * headWidth),
    out: part(o, heads * headWidth, width),
  }
}
const dropping = (dropout: number, { train = false, key }: Mode): { readonly dropout: number; readonly key: Key | undefined } => {
  if (train && dropout > 0 && key === undefined)
    fail('ValueError', 'attention: training with dropout needs randomness. Pass { train: true, key }.')
  return { dropout: train ? dropout : 0, key }
}

/**
 * Self-attention `[n, t, width]` to `[n, t, width]`. Elements that `mode.mask` hides are not looked at. Keras and PyTorch: `MultiHeadAttention` with one
 * sequence for all three arguments.
 * @example
 * const layer = multiHeadAttention(4, { causal: true, rotary: true })
 * const { params } = layer.init(random.key(0), [16, 64])
 * // Generation, an element or several at a time, on the same parameters:
 * const generator = multiHeadAttention(4, { rotary: true, cache: { batch: 1, length: 256 } })
 */
export function multiHeadAttention<const C extends CacheSize | null = null>(
  heads: number,
  options: AttentionOptions<C> = {},
): Layer<Attention, CacheState<C>> {
  const name = `multiHeadAttention(${heads})`,
    { cache = null, kernelInit = glorotUniform() } = checkOptions(name, options, ...OPTIONS)
  const init = (key: Key, input: Shape) => {
    const [, width] = sequenceOf(name, input),
      sizes = sizesOf(name, heads, options, width)
    return { params: initAttention(key, sizes, width, width, kernelInit), output: input, sizes }
  }
  if (cache === null) {
    return stateless<Attention>(
      (key, input) => {
        const { params, output } = init(key, input)
        return { params, output }
      },
      (p, x, mode) => selfAttention(p, x, mode, heads, options),
      name,
    ) as Layer<Attention, CacheState<C>>
  }
  return stateful<Attention, KvCache>(
    name,
    (key, input) => {
      const { params, output, sizes } = init(key, input)
      return { params, output, state: emptyCache(cache, sizes) }
    },
    (p, state, x, mode) => cachedAttention(p, state, x, mode, heads, options),
  ) as Layer<Attention, CacheState<C>>
}

/** Queries, keys and values of a sequence at these positions. */
function queriesKeysValues(
  p: Attention,
  x: Tensor,
  positions: Tensor,
  heads: number,
  options: AttentionOptions,
): readonly [Tensor, Tensor, Tensor] {
  checkSequence(`multiHeadAttention(${heads})`, x)
  const q = inHeads(project(p.query, x), heads),
    headWidth = q.shape[3] as number
  const [k, v] = [p.key, p.value].map(part => inHeads(project(part, x), (part.bias.shape[0] as number) / headWidth)) as [Tensor, Tensor]
  if (options.rotary === undefined || options.rotary === false) return [q, k, v]
  const how = options.rotary === true ? {} : options.rotary
  return [rotary(q, positions, how), rotary(k, positions, how), v]
}

function selfAttention(p: Attention, x: Tensor, mode: Mode, heads: number, options: AttentionOptions): Tensor {
  const { causal = false, alibi = false, dropout = 0 } = options
  const positions = arange(x.shape[1] as number)
  const [q, k, v] = queriesKeysValues(p, x, positions, heads, options)
  checkMask(`multiHeadAttention(${heads})`, mode.mask, x)
  const y = dotProductAttention(q, k, v, {
    causal,
    mask: mode.mask && keyMask(mode.mask),
    bias: alibi ? alibiBias(heads, positions, positions) : undefined,
    ...dropping(dropout, mode),
  })
  return joinHeads(p, y)
}
/** `[n, s]` to `[n, 1, 1, s]`. */
const keyMask = (mask: Tensor): Tensor => mask.reshape([mask.shape[0] as number, 1, 1, mask.shape[1] as number])

function emptyCache({ batch, length }: CacheSize, { groups, headWidth }: Sizes): KvCache {
  const shape = [batch, length, groups, headWidth]
  return { keys: zeros(shape), values: zeros(shape), mask: zeros([batch, length], { dtype: 'bool' }), index: array(0, { dtype: 'int32' }) }
}

function cachedAttention(
  p: Attention,
  state: KvCache,
  x: Tensor,
  mode: Mode,
  heads: number,
  options: AttentionOptions,
): readonly [Tensor, KvCache] {
  const { alibi = false, dropout = 0 } = options,
    [n, t] = x.shape as readonly [number, number],
    [batch, length] = state.keys.shape as readonly [number, number]
  if (n !== batch || t > length)
    fail('ShapeError', `multiHeadAttention: the cache holds ${batch} sequences of ${length}, got ${showShape(x.shape)}.`)
  const positions = add(arange(t), state.index),
    places = arange(length)
  const [q, k, v] = queriesKeysValues(p, x, positions, heads, options)
  checkMask(`multiHeadAttention(${heads})`, mode.mask, x)
  const write = (old: Tensor, part: Tensor): Tensor => lax.dynamicUpdateSliceInDim(old, part.astype(old.dtype), state.index, 1)
  const keys = write(state.keys, k),
    values = write(state.values, v),
    mask = write(state.mask, mode.mask ?? ones([n, t], { dtype: 'bool' })),
    index = state.index.add(t)
  const seen = lessEqual(places.reshape([1, length]), positions.reshape([t, 1]))
  const y = dotProductAttention(q, keys, values, {
    mask: logicalAnd(keyMask(mask), seen),
    bias: alibi ? alibiBias(heads, positions, places) : undefined,
    ...dropping(dropout, mode),
  })
  // Writing beyond the end would have moved to the last places.
  return [joinHeads(p, where(greater(index, length), NaN, y)), { keys, values, mask, index }]
}

/** Attention from `x` `[n, t, width]` to a memory: `apply(params, [x, memory, mask])` gives `[n, t, width]`. */
export function crossAttention(heads: number, options: CrossAttentionOptions = {}): Layer<Attention, null, CrossInput> {
  const name = `crossAttention(${heads})`,
    { kernelInit = glorotUniform(), dropout = 0 } = options
  return stateless<Attention, CrossInput>(
    (key, input) => {
      const [, width] = sequenceOf(name, input)
      return {
        params: initAttention(key, sizesOf(name, heads, options, width), width, options.memoryWidth ?? width, kernelInit),
        output: input,
      }
    },
    (p, [x, memory, mask], mode) => {
      checkSequence(name, x)
      checkSequence(name, memory)
      checkMask(name, mask, memory)
      const q = inHeads(project(p.query, x), heads)
      const [k, v] = [p.key, p.value].map(part =>
        inHeads(project(part, memory), (part.bias.shape[0] as number) / (q.shape[3] as number)),
      ) as [Tensor, Tensor]
      return joinHeads(p, dotProductAttention(q, k, v, { mask: mask && keyMask(mask), ...dropping(dropout, mode) }))
    },
    name,
  )
}
