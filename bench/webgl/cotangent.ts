/** Our side: ordinary traced code. */
import { backend } from '@cotangent/backend-webgl'
import { array, init, jit, lax, numpy as np, type Tensor, valueAndGrad, vjp } from '@cotangent/core'
import { adam, applyUpdates, softmax, softmaxCrossEntropy } from '@cotangent/nn'
import type { Input, Job, Library } from './rows.ts'

const tensor = ({ data, shape }: Input): Tensor => array(data, { shape })

/** `f` makes one fresh result of the inputs. */
const once =
  (f: (...xs: Tensor[]) => Tensor) =>
  (...inputs: readonly Input[]): Job => {
    const xs = inputs.map(tensor)
    let last: Tensor | undefined
    return {
      run: () => {
        last?.dispose()
        last = f(...xs)
      },
      result: async () => (last as Tensor).data(),
    }
  }

type Forward = (params: readonly Tensor[], x: Tensor) => Tensor

const training =
  (forward: Forward) =>
  (...inputs: readonly Input[]): Job => {
    const [x, y, ...initial] = inputs.map(tensor) as [Tensor, Tensor, ...Tensor[]]
    const optimizer = adam(1e-3, { eps: 1e-7 })
    const loss = (p: readonly Tensor[], a: Tensor, b: Tensor): Tensor => softmaxCrossEntropy(forward(p, a), b)
    let params: readonly Tensor[] = initial,
      state = optimizer.init(params),
      last: Tensor | undefined
    const step = jit(
      (p: typeof params, s: typeof state, a: Tensor, b: Tensor) => {
        const [value, gradients] = valueAndGrad(loss)(p, a, b)
        const [updates, next] = optimizer.update(gradients, s, p)
        return [applyUpdates(p, updates), next, value] as const
      },
      { donate: [0, 1] },
    )
    return {
      run: () => {
        last?.dispose()
        ;[params, state, last] = step(params, state, x, y)
      },
      result: async () => (last as Tensor).data(),
    }
  }

const conv = (x: Tensor, w: Tensor): Tensor => lax.convGeneralDilated(x, w, [1, 1], 'SAME', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] })
const pool = (x: Tensor): Tensor => lax.reduceWindow(x, 'max', [1, 2, 2, 1], [1, 2, 2, 1], 'VALID')
const relu = (x: Tensor): Tensor => np.maximum(x, 0)

const mlp: Forward = (p, x) => {
  const [w1, b1, w2, b2] = p as [Tensor, Tensor, Tensor, Tensor]
  return relu(x.matmul(w1).add(b1)).matmul(w2).add(b2)
}
const cnn: Forward = (p, x) => {
  const [k1, b1, k2, b2, w, b] = p as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
  const first = pool(relu(conv(x, k1).add(b1)))
  const second = pool(relu(conv(first, k2).add(b2)))
  return second.reshape([-1, 784]).matmul(w).add(b)
}

export async function load(): Promise<Library> {
  await init({ backend })
  return {
    version: '0.1.0',
    jobs: {
      'matmul 512': once(np.matmul),
      'matmul 1024': once(np.matmul),
      'add 1M': once(np.add),
      'tanh(a*b+a)*2 1M': once(jit((a: Tensor, b: Tensor) => np.tanh(a.mul(b).add(a)).mul(2))),
      'softmax 1024': once(jit((x: Tensor) => softmax(x))),
      'sum 1M': once((x: Tensor) => np.sum(x)),
      'MLP step': training(mlp),
      'CNN step': training(cnn),
      conv: once(conv),
      'conv weights': once(
        jit((x: Tensor, dy: Tensor) => {
          const [, back] = vjp((w: Tensor) => conv(x, w), np.zeros([3, 3, 8, 16]))
          return back(dy)[0]
        }),
      ),
    },
  }
}
