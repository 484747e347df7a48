/** Where an element of a sequence stands: learned and sinusoidal vectors, rotations, biases of attention. */
import { type DType, type Tensor, abs, add, arange, array, concatenate, cos, multiply, sin, split, stack, take } from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { type Initializer, normal } from '../init.ts'
import { type Layer, sequenceOf, stateful, stateless } from '../layer.ts'

/** The number of elements that a stream has seen: state, int32, `[]`. */
export interface StreamIndex {
  readonly index: Tensor
}
type StreamState<C> = C extends true ? StreamIndex : null

/** `x` plus a vector for each position, `[n, t, width]`; with `stream` positions count on from call to call. */
function positional<P>(
  name: string,
  stream: boolean,
  init: Parameters<typeof stateless<P>>[0],
  vectors: (params: P, positions: Tensor, x: Tensor) => Tensor,
): Layer<P, null> | Layer<P, StreamIndex> {
  const at = (params: P, start: Tensor | number, x: Tensor): Tensor => {
    const positions = add(arange(x.shape[x.ndim - 2] as number), start)
    return x.add(vectors(params, positions, x))
  }
  if (!stream) return stateless<P>(init, (params, x) => at(params, 0, x), name)
  return stateful<P, StreamIndex>(
    name,
    (key, input) => ({ ...init(key, input), state: { index: array(0, { dtype: 'int32' }) } }),
    (params, { index }, x) => [at(params, index, x), { index: index.add(x.shape[x.ndim - 2] as number) }],
  )
}

export interface Positions {
  /** One row a position, `[length, width]`. */
  readonly table: Tensor
}
export interface PositionOptions<C extends boolean = boolean> {
  /** Positions count on from call to call, in the state: for generation with a cache. Default false. */
  readonly stream?: C
}
export interface LearnedPositionOptions<C extends boolean = boolean> extends PositionOptions<C> {
  /** Default normal with standard deviation 0.02. */
  readonly tableInit?: Initializer
}

/** Adds a learned vector for each of `length` positions to `[n, t, width]`; `t` is at most `length`. Later positions of a stream give NaN. */
export function learnedPositions<const C extends boolean = false>(
  length: number,
  { tableInit = normal(0.02), stream = false as C }: LearnedPositionOptions<C> = {},
): Layer<Positions, StreamState<C>> {
  const name = `learnedPositions(${length})`
  return positional<Positions>(
    name,
    stream,
    (key, input) => {
      const [t, width] = sequenceOf(name, input)
      if (t > length) fail('ShapeError', `${name}: has no vectors for ${t} positions. Raise the length, or cut the sequences.`)
      return { params: { table: tableInit(key, [length, width]) }, output: input }
    },
    (p, positions, x) => {
      if ((x.shape[x.ndim - 2] as number) > length)
        fail('ShapeError', `${name}: has no vectors for ${showShape(x.shape)}. Raise the length, or cut the sequences.`)
      return take(p.table, positions, { axis: 0 })
    },
  ) as Layer<Positions, StreamState<C>>
}

/** `t / base^(2 i / width)` for i below width / 2: `[..., width / 2]`, at least in float32. */
function angles(positions: Tensor, width: number, base: number, like: DType): Tensor {
  const dtype = like === 'float64' ? like : 'float32'
  const rates = Array.from({ length: width / 2 }, (_, i) => base ** ((-2 * i) / width))
  return multiply(positions.astype(dtype).reshape([...positions.shape, 1]), array(rates, { dtype }))
}

/**
 * Vectors for positions (integers or floats, `[...]`), `[..., width]`: sines at even places, cosines at odd ones, of wavelengths from 2 pi to
 * 10000 * 2 pi. `width` is even. Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.5. Also of times, as diffusion models do.
 */
export function sinusoids(positions: Tensor, width: number, { dtype = 'float32' }: { readonly dtype?: DType } = {}): Tensor {
  checkEven('sinusoids', width)
  const a = angles(positions, width, 10_000, dtype)
  return stack([sin(a), cos(a)], { axis: -1 })
    .reshape([...positions.shape, width])
    .astype(dtype)
}
function checkEven(name: string, width: number): void {
  if (width % 2 !== 0) fail('ShapeError', `${name}: the width must be even, got ${width}.`)
}

/** Adds `sinusoids` to `[n, t, width]`; `width` is even. */
export function sinusoidalPositions<const C extends boolean = false>({
  stream = false as C,
}: PositionOptions<C> = {}): Layer<null, StreamState<C>> {
  const name = 'sinusoidalPositions'
  return positional<null>(
    name,
    stream,
    (_key, input) => {
      const [, width] = sequenceOf(name, input)
      checkEven(name, width)
      return { params: null, output: input }
    },
    (_, positions, x) => sinusoids(positions, x.shape[x.ndim - 1] as number, { dtype: x.dtype }),
  ) as Layer<null, StreamState<C>>
}

export interface RotaryOptions {
  /** Longest wavelength over 2 pi. Default 10000. */
  readonly base?: number
  /** Pairs are neighbours (the paper, GPT-J) instead of the two halves (GPT-NeoX, Llama). Default false. */
  readonly interleaved?: boolean
}

/**
 * Rotates pairs of the last axis of `[n, t, heads, width]` by angles of their positions `[t]` (or `[n, t]`), so that products of queries and keys depend
 * on differences of positions alone. Su et al. 2021, https://arxiv.org/abs/2104.09864.
 */
export function rotary(x: Tensor, positions: Tensor, { base = 10_000, interleaved = false }: RotaryOptions = {}): Tensor {
  const width = x.shape[x.ndim - 1] as number
  checkEven('rotary', width)
  const a = angles(positions, width, base, x.dtype).reshape([...positions.shape, 1, width / 2]),
    c = cos(a).astype(x.dtype),
    s = sin(a).astype(x.dtype)
  const pairs = interleaved ? x.reshape([...x.shape.slice(0, -1), width / 2, 2]) : x
  const [p, q] = split(pairs, 2, { axis: -1 }).map(v => (interleaved ? v.reshape([...x.shape.slice(0, -1), width / 2]) : v)) as [
    Tensor,
    Tensor,
  ]
  const rotated = [p.mul(c).sub(q.mul(s)), q.mul(c).add(p.mul(s))]
  return interleaved ? stack(rotated, { axis: -1 }).reshape(x.shape) : concatenate(rotated, { axis: -1 })
}

/** Slopes of ALiBi's biases, `[heads]`: `2^(-8 (i + 1) / heads)` (for other numbers than powers of 2 as the paper's code fills them up). */
export function alibiSlopes(heads: number): Tensor {
  const geometric = (n: number): number[] => Array.from({ length: n }, (_, i) => 2 ** ((-8 * (i + 1)) / n))
  const power = 2 ** Math.floor(Math.log2(heads))
  const rest = geometric(2 * power).filter((_, i) => i % 2 === 0)
  return array([...geometric(power), ...rest.slice(0, heads - power)])
}

/**
 * Biases of attention scores that fall with the distance, `[heads, t, s]`, for queries and keys at these positions (`[t]`, `[s]`). Press et al. 2021,
 * https://arxiv.org/abs/2108.12409.
 */
export function alibiBias(heads: number, queries: Tensor, keys: Tensor): Tensor {
  const distance = queries
    .reshape([-1, 1])
    .sub(keys.reshape([1, -1]))
    .astype('float32')
  return multiply(alibiSlopes(heads).reshape([heads, 1, 1]), abs(distance).neg())
}
