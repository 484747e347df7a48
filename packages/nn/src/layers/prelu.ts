/** The rectifier whose slope is learned. He et al. 2015, https://arxiv.org/abs/1502.01852. */
import { type Tensor, greaterEqual, where } from '@cotangent/core'
import { type Initializer, constant } from '../init.ts'
import { type Layer, stateless } from '../layer.ts'
import { channelsOf } from './norm.ts'

export interface Prelu {
  /** `[c]` */
  readonly slope: Tensor
}
export interface PreluOptions {
  /** Default 0.25 (the paper, PyTorch; Keras 0). */
  readonly slopeInit?: Initializer
}
/** `x` above 0, else `slope x` with a slope for each channel. */
export function prelu({ slopeInit = constant(0.25) }: PreluOptions = {}): Layer<Prelu> {
  return stateless<Prelu>(
    (key, input) => ({ params: { slope: slopeInit(key, [channelsOf('prelu', input)]) }, output: input }),
    ({ slope }, x) => where(greaterEqual(x, 0), x, x.mul(slope)),
    'prelu',
  )
}
