/** Rows of workloads.ts written with layers, losses and optimisers of `@cotangent/nn`: the same inputs, the same numbers. */
import { type Tensor, type TreeOf, array, grad, jit, mean, random, split, square, tree } from '@cotangent/core'
import {
  type Dense,
  type Layer,
  type TransformerBlock,
  adam,
  conv2d,
  dense,
  flatten,
  initTrainState,
  maxPool2d,
  relu,
  serial,
  softmaxCrossEntropy,
  trainer,
  transformerBlock,
} from '@cotangent/nn'
import { type Data, type Make, trainingWorkload, type Workload } from './workloads.ts'

const f32 = (a: Float32Array, shape: readonly number[]): Tensor => array(a, { shape })

interface Batch {
  readonly x: Tensor
  readonly labels: Tensor
}

function train<P extends TreeOf<P>>(model: Layer<P>, params: P, batch: Batch): Workload {
  const optimizer = adam(1e-3, { eps: 1e-7 })
  const { step } = trainer(model, optimizer, {
    inputs: (b: Batch) => b.x,
    loss: (logits, b) => softmaxCrossEntropy(logits, b.labels),
  })
  let state = initTrainState(optimizer, params, null, random.key(0))
  const next = (): Tensor => {
    const [moved, metrics] = step(state, batch)
    state = moved
    return metrics['loss'] as Tensor
  }
  return trainingWorkload(next, () => tree.leaves(state))
}

/** Entries of `workloads` by their groups. */
export function nnRows(D: Data): Readonly<Record<'mlp' | 'cnn' | 'xformer', Make>> {
  const mlp: Make = ({ dims = [], batch = 0 }) => {
    const { x, y, layers } = D.mlp(dims, batch)
    const model = serial(...layers.flatMap(({ b }, i) => (i === 0 ? [dense(b.length)] : [relu, dense(b.length)])))
    const params = layers.flatMap(({ w, b, shape }, i): readonly (Dense | null)[] => {
      const layer = { kernel: f32(w, shape), bias: f32(b, [b.length]) }
      return i === 0 ? [layer] : [null, layer]
    })
    return train(model, params, { x: f32(x, [batch, dims[0] as number]), labels: array(y) })
  }
  const cnn: Make = ({ batch = 0 }) => {
    const d = D.cnn(batch)
    const model = serial(conv2d(32, 3), relu, maxPool2d(2), conv2d(64, 3), relu, maxPool2d(2), flatten, dense(128), relu, dense(10))
    const part = (kernel: Float32Array, bias: Float32Array, ...shape: number[]): Dense => ({
      kernel: f32(kernel, shape),
      bias: f32(bias, [bias.length]),
    })
    const [c1, c2] = [part(d.k1, d.b1, 3, 3, 1, 32), part(d.k2, d.b2, 3, 3, 32, 64)],
      [d1, d2] = [part(d.w3, d.b3, 3136, 128), part(d.w4, d.b4, 128, 10)]
    const params = [c1, null, null, c2, null, null, null, d1, null, d2] as const
    return train(model, params, { x: f32(d.x, [batch, 28, 28, 1]), labels: array(d.y) })
  }
  return { mlp, cnn, xformer: () => transformer(D) }
}

/** Gradients by the parameters and the input of one block. */
function transformer(D: Data): Workload {
  const { B, S, D: width, H, F } = D.XF
  const model = transformerBlock({ heads: H, hidden: F, causal: true })
  const { x: values, params: given } = D.xformer()
  const t = (name: string): Tensor => f32(...(given[name] as [Float32Array, number[]]))
  const thirds = (name: string): readonly Tensor[] => split(t(name), 3, { axis: -1 })
  const [query, key, value] = thirds('wqkv').map((kernel, i) => ({ kernel, bias: thirds('bqkv')[i] as Tensor })) as [Dense, Dense, Dense]
  const params: TransformerBlock = {
    attentionNorm: { scale: t('g1'), bias: t('c1') },
    attention: { query, key, value, out: { kernel: t('wo'), bias: t('bo') } },
    feedForwardNorm: { scale: t('g2'), bias: t('c2') },
    feedForward: { up: { kernel: t('w1'), bias: t('b1') }, down: { kernel: t('w2'), bias: t('b2') } },
  }
  const x = f32(values, [B, S, width])
  const f = jit(grad((p: TransformerBlock, a: Tensor) => mean(square(model.apply(p, a))), { argnums: [0, 1] }))
  return {
    run: () => tree.leaves(f(params, x)).forEach(g => g.dispose()),
    check: () => {
      const [byParams, byInput] = f(params, x)
      return [...D.digest(byInput.dataSync()), ...D.digest(byParams.feedForward.up.kernel.dataSync())]
    },
  }
}
