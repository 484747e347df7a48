/** The models: the article's multilayer perceptron, a wider one with dropout, and a small convolutional network. */
import { conv2d, dense, dropout, flatten, maxPool2d, relu, serial } from '@cotangent/nn'

/** The article's `MyModel`, with the Flatten that it forgot. */
export const mlp = () => serial(flatten, dense(64), relu, dense(10))

/** The article's "three-layer" network at Keras's `mnist_mlp.py` size, with dropout against over-fitting. */
export const mlpDropout = () => serial(flatten, dense(512), relu, dropout(0.2), dense(512), relu, dropout(0.2), dense(10))

/** Convolution, activation, pooling, fully connected: the components of the article's section 3.1. */
export const cnn = ({ channels: [first, second] = [32, 64], hidden = 128 }: CnnWidths = {}) =>
  serial(
    conv2d(first, 3),
    relu,
    maxPool2d(2),
    conv2d(second, 3),
    relu,
    maxPool2d(2),
    flatten,
    dropout(0.25),
    dense(hidden),
    relu,
    dropout(0.25),
    dense(10),
  )

export interface CnnWidths {
  /** Of the two convolutions. */
  readonly channels?: readonly [number, number]
  /** Of the first dense layer. */
  readonly hidden?: number
}

export type ModelName = 'mlp' | 'mlp-dropout' | 'cnn'

export interface Defaults {
  readonly epochs: number
  readonly batchSize: number
  /** Does the learning rate fall to zero over the run? The article's stays. */
  readonly decays: boolean
}
export const defaults: Readonly<Record<ModelName, Defaults>> = {
  mlp: { epochs: 5, batchSize: 32, decays: false },
  'mlp-dropout': { epochs: 20, batchSize: 128, decays: true },
  cnn: { epochs: 8, batchSize: 128, decays: true },
}
