/** The part of a transformer that treats each element by itself. */
import { type Tensor, random } from '@cotangent/core'
import { gelu, silu } from '../activations/smooth.ts'
import { type Layer, checkCount, shapeError, stateless } from '../layer.ts'
import { type Kernel } from './conv.ts'
import { type Dense, dense } from './dense.ts'

export interface FeedForward {
  /** `[width, hidden]` */
  readonly up: Dense
  /** `[hidden, width]` */
  readonly down: Dense
}
export interface GatedFeedForward {
  readonly gate: Kernel
  readonly up: Kernel
  readonly down: Kernel
}
export interface FeedForwardOptions {
  /** Default gelu; of gated ones silu. */
  readonly activation?: (x: Tensor) => Tensor
}

/** `down(activation(up(x)))`, `[n, ..., width]` to the same. */
export function feedForward(hidden: number, { activation = gelu }: FeedForwardOptions = {}): Layer<FeedForward> {
  const name = `feedForward(${hidden})`
  checkCount(name, 'hidden', hidden)
  return stateless<FeedForward>(
    (key, input) => {
      const width = input[input.length - 1] ?? shapeError(name, '[..., width]', input)
      const [u, d] = random.split(key)
      return { params: { up: dense(hidden).init(u, [width]).params, down: dense(width).init(d, [hidden]).params }, output: input }
    },
    ({ up, down }, x) => activation(x.matmul(up.kernel).add(up.bias)).matmul(down.kernel).add(down.bias),
    name,
  )
}

/** `down(activation(gate(x)) * up(x))` without biases: SwiGLU. Shazeer 2020, https://arxiv.org/abs/2002.05202. */
export function gatedFeedForward(hidden: number, { activation = silu }: FeedForwardOptions = {}): Layer<GatedFeedForward> {
  const name = `gatedFeedForward(${hidden})`
  checkCount(name, 'hidden', hidden)
  return stateless<GatedFeedForward>(
    (key, input) => {
      const width = input[input.length - 1] ?? shapeError(name, '[..., width]', input)
      const [g, u, d] = random.split(key, 3)
      const part = (partKey: random.Key, from: number, to: number): Kernel => dense(to, { useBias: false }).init(partKey, [from]).params
      return { params: { gate: part(g, width, hidden), up: part(u, width, hidden), down: part(d, hidden, width) }, output: input }
    },
    ({ gate, up, down }, x) => activation(x.matmul(gate.kernel)).mul(x.matmul(up.kernel)).matmul(down.kernel),
    name,
  )
}
