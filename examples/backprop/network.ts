/**
 * The article's three-layer network with its backpropagation written out by hand, and the same gradients by `grad`.
 *
 * Two layers of weights: z1 = x W1 + b1, a1 = sigmoid(z1), z2 = a1 W2 + b2, then either sigmoid outputs with the squared error, or softmax outputs
 * with the cross-entropy. The article's equations (3) to (5) mix signs and indices; these are the ones that hold (Rumelhart, Hinton and Williams 1986;
 * in matrix form e.g. Goodfellow, Bengio and Courville, "Deep Learning", section 6.5).
 */
import { type Tensor, log, matmul, multiply, subtract, sum } from '@cotangent/core'
import { sigmoid, softmax } from '@cotangent/nn'

export interface Network {
  /** `[in, hidden]` */
  readonly w1: Tensor
  /** `[hidden]` */
  readonly b1: Tensor
  /** `[hidden, out]` */
  readonly w2: Tensor
  /** `[out]` */
  readonly b2: Tensor
}
export type Output = 'sigmoid' | 'softmax'

interface Activations {
  /** `[n, hidden]` */
  readonly a1: Tensor
  /** `[n, out]` */
  readonly a2: Tensor
}

export function forward(net: Network, x: Tensor, output: Output): Activations {
  const a1 = sigmoid(matmul(x, net.w1).add(net.b1))
  const z2 = matmul(a1, net.w2).add(net.b2)
  return { a1, a2: output === 'sigmoid' ? sigmoid(z2) : softmax(z2) }
}

/** Half the squared error of sigmoid outputs, or the cross-entropy of softmax outputs, over all examples. `y` is `[n, out]`. */
export function loss(net: Network, x: Tensor, y: Tensor, output: Output): Tensor {
  const { a2 } = forward(net, x, output)
  if (output === 'softmax') return sum(multiply(y, log(a2))).neg()
  const error = subtract(a2, y)
  return sum(multiply(error, error)).mul(0.5)
}

/**
 * Backpropagation by hand.
 *
 *     delta2 = (a2 - y) * a2 * (1 - a2)      sigmoid outputs, squared error: the sigmoid's derivative enters
 *     delta2 = a2 - y                        softmax outputs, cross-entropy: it cancels
 *     delta1 = (delta2 W2^T) * a1 * (1 - a1)
 *     dW2 = a1^T delta2,  db2 = sum of delta2 over the examples,  dW1 = x^T delta1,  db1 likewise
 */
export function backpropagate(net: Network, x: Tensor, y: Tensor, output: Output): Network {
  const { a1, a2 } = forward(net, x, output)
  const slope = (a: Tensor): Tensor => multiply(a, subtract(1, a))
  const error = subtract(a2, y)
  const delta2 = output === 'sigmoid' ? multiply(error, slope(a2)) : error
  const delta1 = multiply(matmul(delta2, net.w2.transpose()), slope(a1))
  return {
    w1: matmul(x.transpose(), delta1),
    b1: sum(delta1, { axis: 0 }),
    w2: matmul(a1.transpose(), delta2),
    b2: sum(delta2, { axis: 0 }),
  }
}
