/** The network in two parts, as in Keras's `mnist_transfer_cnn.py`: a trunk that finds features, a head that names digits. */
import { type Tensor, type TreeOf } from '@cotangent/core'
import {
  type Adapters,
  type Layer,
  type LoraOptions,
  conv2d,
  dense,
  dropout,
  flatten,
  loraInit,
  loraMerge,
  maxPool2d,
  named,
  relu,
  serial,
  stateless,
} from '@cotangent/nn'

export interface Widths {
  /** Of the two convolutions. */
  readonly channels: readonly [number, number]
  /** Of the head. */
  readonly hidden: number
}
export const usual: Widths = { channels: [32, 64], hidden: 128 }
export const narrow: Widths = { channels: [4, 8], hidden: 16 }

/** Digits of each of the two tasks: 0-4, 5-9. */
export const CLASSES = 5

export const trunk = ({ channels: [first, second] }: Widths) =>
  serial(conv2d(first, 3, { padding: 'VALID' }), relu, maxPool2d(2), conv2d(second, 3, { padding: 'VALID' }), relu, maxPool2d(2), flatten)
export const head = ({ hidden }: Widths, classes: number = CLASSES) =>
  serial(dropout(0.25), dense(hidden), relu, dropout(0.5), dense(classes))
export const whole = (widths: Widths, classes: number = CLASSES) => named({ trunk: trunk(widths), head: head(widths, classes) })
/** The head for few labels: little to learn. */
export const linearHead = () => serial(dropout(0.7), dense(CLASSES))

/** A layer whose parameters are kept, and low-rank adapters of its kernels trained in their place. */
export const adapted = <P extends TreeOf<P>>(layer: Layer<P>, params: P, rank: number, options: LoraOptions = {}): Layer<Adapters<P>> =>
  stateless<Adapters<P>>(
    (key, input) => ({ params: loraInit(key, params, rank, options), output: layer.init(key, input).output }),
    (adapters, x: Tensor, mode) => layer.apply(loraMerge(params, adapters), x, mode),
    'adapted',
  )
