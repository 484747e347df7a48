/** jax-js with its webgl backend. Its images are `[n, c, h, w]`, filters `[out, in, h, w]`. */
import { type Array as Tensor, defaultDevice, init, jit, lax, nn, numpy as np, valueAndGrad, vjp } from '@jax-js/jax'
import type { Input, Job, Library } from './rows.ts'

const tensor = ({ data, shape }: Input): Tensor =>
  np.array(data as Float32Array<ArrayBuffer>, { shape: [...shape], dtype: data instanceof Int32Array ? np.int32 : np.float32 })

/** Operations are carried out when a result is read: reads one element. */
const demand = (x: Tensor): void => void np.ravel(x.ref).slice(0).dataSync()

type Turn = (x: Tensor) => Tensor
const imagesIn: Turn = x => x.transpose([0, 3, 1, 2])
const filtersIn: Turn = x => x.transpose([3, 2, 0, 1])
const imagesOut: Turn = x => x.transpose([0, 2, 3, 1])
const filtersOut: Turn = x => x.transpose([2, 3, 1, 0])
/** A copy in its own layout, made before any measurement. */
const made = (x: Tensor): Tensor => {
  const y = jit((a: Tensor) => a.add(0))(x)
  demand(y)
  return y
}

const once =
  (f: (...xs: Tensor[]) => Tensor, turns: readonly Turn[] = [], turnBack: Turn = x => x) =>
  (...inputs: readonly Input[]): Job => {
    const xs = inputs.map((input, k) => {
      const turn = turns[k]
      return turn === undefined ? tensor(input) : made(turn(tensor(input)))
    })
    let last: Tensor | undefined
    return {
      run: () => {
        last?.dispose()
        last = f(...xs.map(x => x.ref))
        demand(last)
      },
      result: () => turnBack((last as Tensor).ref).data() as Promise<Float32Array>,
    }
  }

type Tensors = Tensor[]
type Forward = (params: Tensors, x: Tensor) => Tensor
const take = (xs: readonly Tensor[], k: number): Tensor => xs[k] as Tensor

/** Adam, which jax-js leaves to another package, written as optax does. */
function adamStep(p: Tensors, m: Tensors, v: Tensors, t: Tensor, g: Tensors): [Tensors, Tensors, Tensors] {
  const b1 = 0.9,
    b2 = 0.999
  const c1 = np.subtract(1, np.exp(t.ref.mul(Math.log(b1)))),
    c2 = np.subtract(1, np.exp(t.mul(Math.log(b2))))
  const M = m.map((x, i) => x.mul(b1).add(take(g, i).ref.mul(1 - b1)))
  const V = v.map((x, i) =>
    x.mul(b2).add(
      take(g, i)
        .ref.mul(take(g, i))
        .mul(1 - b2),
    ),
  )
  const P = p.map((x, i) => {
    const mean = take(M, i).ref.div(c1.ref),
      square = take(V, i).ref.div(c2.ref)
    return x.sub(mean.mul(1e-3).div(np.sqrt(square).add(1e-7)))
  })
  c1.dispose()
  c2.dispose()
  return [P, M, V]
}

function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const n = logits.shape[0] as number
  return nn
    .logSoftmax(logits)
    .mul(nn.oneHot(labels, 10))
    .sum()
    .mul(-1 / n)
}

const training =
  (forward: Forward, turns: readonly (Turn | undefined)[] = []) =>
  (...inputs: readonly Input[]): Job => {
    const [x, y, ...initial] = inputs.map((input, k) => {
      const turn = turns[k]
      return turn === undefined ? tensor(input) : made(turn(tensor(input)))
    }) as [Tensor, Tensor, ...Tensor[]]
    const loss = (p: Tensors, a: Tensor, b: Tensor): Tensor => crossEntropy(forward(p, a), b)
    const step = jit((p: Tensors, m: Tensors, v: Tensors, t: Tensor, a: Tensor, b: Tensor) => {
      const [value, g] = valueAndGrad(loss)(
        p.map(q => q.ref),
        a,
        b,
      ) as [Tensor, Tensors]
      return [value, ...adamStep(p, m, v, t, g)] as [Tensor, Tensors, Tensors, Tensors]
    })
    let p: Tensors = initial,
      m = p.map(q => np.zerosLike(q.ref)),
      v = p.map(q => np.zerosLike(q.ref)),
      t = 0,
      last: Tensor | undefined
    return {
      run: () => {
        last?.dispose()
        ;[last, p, m, v] = step(p, m, v, np.array(++t, { dtype: np.float32 }), x.ref, y.ref)
        demand(take(p, 0))
      },
      result: () => (last as Tensor).ref.data() as Promise<Float32Array>,
    }
  }

const conv = (x: Tensor, w: Tensor): Tensor => lax.convGeneralDilated(x, w, [1, 1], 'SAME')
const pool = (x: Tensor): Tensor => lax.reduceWindow(x, np.max as (a: Tensor) => Tensor, [2, 2], [2, 2])
const perChannel = (b: Tensor): Tensor => b.reshape([-1, 1, 1])

const mlp: Forward = ([w1, b1, w2, b2], x) =>
  np.matmul(nn.relu(np.matmul(x, w1 as Tensor).add(b1 as Tensor)), w2 as Tensor).add(b2 as Tensor)
const cnn: Forward = ([k1, b1, k2, b2, w, b], x) => {
  const first = pool(nn.relu(conv(x, k1 as Tensor).add(perChannel(b1 as Tensor))))
  const second = pool(nn.relu(conv(first, k2 as Tensor).add(perChannel(b2 as Tensor))))
  return np.matmul(second.reshape([-1, 784]), w as Tensor).add(b as Tensor)
}
/** Rows of a dense layer after `[h, w, c]`, in the order of `[c, h, w]`. */
const denseIn: Turn = w => w.reshape([7, 7, 16, 10]).transpose([2, 0, 1, 3]).reshape([784, 10])

export async function load(): Promise<Library> {
  await init('webgl')
  defaultDevice('webgl')
  return {
    version: '0.1.25',
    jobs: {
      'matmul 512': once(np.matmul),
      'matmul 1024': once(np.matmul),
      'add 1M': once(np.add),
      'tanh(a*b+a)*2 1M': once(jit((a: Tensor, b: Tensor) => np.tanh(a.ref.mul(b).add(a)).mul(2))),
      'softmax 1024': once(jit((x: Tensor) => nn.softmax(x, -1))),
      'sum 1M': once((x: Tensor) => x.sum()),
      'MLP step': training(mlp),
      'CNN step': training(cnn, [imagesIn, undefined, filtersIn, undefined, filtersIn, undefined, denseIn]),
      // Not under jit, which would put the padding into the kernel and be slower.
      conv: once(conv, [imagesIn, filtersIn], imagesOut),
      'conv weights': once(
        jit((x: Tensor, dy: Tensor) => {
          const [y, back] = vjp((w: Tensor) => conv(x, w), [np.zeros([16, 8, 3, 3])]) as unknown as [Tensor, (d: Tensor) => [Tensor]]
          y.dispose()
          return back(dy)[0]
        }),
        [imagesIn, imagesIn],
        filtersOut,
      ),
    },
  }
}
