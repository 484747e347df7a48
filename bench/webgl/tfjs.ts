/** TensorFlow.js with its webgl backend. */
import '@tensorflow/tfjs-backend-webgl'
import '@tensorflow/tfjs-core/dist/register_all_gradients.js'
import * as tf from '@tensorflow/tfjs-core'
import type { Input, Job, Library } from './rows.ts'

const tensor = ({ data, shape }: Input): tf.Tensor => tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32')

const once =
  (f: (...xs: tf.Tensor[]) => tf.Tensor) =>
  (...inputs: readonly Input[]): Job => {
    const xs = inputs.map(tensor)
    let last: tf.Tensor | undefined
    return {
      run: () => {
        last?.dispose()
        last = tf.tidy(() => f(...xs))
      },
      result: () => (last as tf.Tensor).data(),
    }
  }

type Forward = (params: readonly tf.Tensor[], x: tf.Tensor) => tf.Tensor

const training =
  (forward: Forward) =>
  (...inputs: readonly Input[]): Job => {
    const [x, y, ...initial] = inputs.map(tensor) as [tf.Tensor, tf.Tensor, ...tf.Tensor[]]
    const variables = initial.map(t => tf.variable(t))
    const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-7)
    let last: tf.Tensor | undefined
    return {
      run: () => {
        last?.dispose()
        const loss = (): tf.Scalar => tf.losses.softmaxCrossEntropy(tf.oneHot(y, 10), forward(variables, x))
        last = optimizer.minimize(loss, true, variables) ?? undefined
      },
      result: () => (last as tf.Tensor).data(),
    }
  }

const conv = (x: tf.Tensor, w: tf.Tensor): tf.Tensor4D => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same')
const pool = (x: tf.Tensor): tf.Tensor => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid')

const mlp: Forward = (p, x) => {
  const [w1, b1, w2, b2] = p as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
  return tf.add(tf.matMul(tf.relu(tf.add(tf.matMul(x, w1), b1)), w2), b2)
}
const cnn: Forward = (p, x) => {
  const [k1, b1, k2, b2, w, b] = p as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
  const first = pool(tf.relu(tf.add(conv(x, k1), b1)))
  const second = pool(tf.relu(tf.add(conv(first, k2), b2)))
  return tf.add(tf.matMul(tf.reshape(second, [-1, 784]), w), b)
}

/** The kernel of the gradient alone: `tf.grad` would compute the convolution too. */
const convWeights = (x: tf.Tensor, dy: tf.Tensor): tf.Tensor =>
  tf
    .engine()
    .runKernel(
      tf.Conv2DBackpropFilter,
      { x, dy },
      { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', filterShape: [3, 3, 8, 16] },
    ) as tf.Tensor

export async function load(): Promise<Library> {
  await tf.setBackend('webgl')
  await tf.ready()
  return {
    version: tf.version_core,
    jobs: {
      'matmul 512': once((a, b) => tf.matMul(a as tf.Tensor, b as tf.Tensor)),
      'matmul 1024': once((a, b) => tf.matMul(a as tf.Tensor, b as tf.Tensor)),
      'add 1M': once((a, b) => tf.add(a as tf.Tensor, b as tf.Tensor)),
      'tanh(a*b+a)*2 1M': once((a, b) => tf.mul(tf.tanh(tf.add(tf.mul(a as tf.Tensor, b as tf.Tensor), a as tf.Tensor)), 2)),
      'softmax 1024': once(x => tf.softmax(x as tf.Tensor)),
      'sum 1M': once(x => tf.sum(x as tf.Tensor)),
      'MLP step': training(mlp),
      'CNN step': training(cnn),
      conv: once(conv),
      'conv weights': once(convWeights),
    },
  }
}
