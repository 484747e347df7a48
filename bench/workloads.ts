/**
 * Our side of the peer benchmark: one entry a row or group of its workloads.json. Each gives `run` (one repetition to completion),
 * `check` (numbers that are compared between libraries) and `dispose`. Everything is traced user code: no special operations.
 */
import { backend as cpu } from '@cotangent/backend-cpu'
import { type DType, type Tensor, customJvp, grad, init, jit, lax, numpy as np, tree, valueAndGrad } from '@cotangent/core'
import type { Backend } from '@cotangent/core/kernel'

/** The generator of inputs, the same bits for all libraries. */
export interface Data {
  uniform(seed: number, n: number, lo?: number, hi?: number): Float32Array
  ints(seed: number, n: number, k: number): Int32Array
  mlp(
    dims: readonly number[],
    batch: number,
  ): { x: Float32Array; y: Int32Array; layers: { shape: number[]; w: Float32Array; b: Float32Array }[] }
  cnn(batch: number): Record<'x' | 'k1' | 'b1' | 'k2' | 'b2' | 'w3' | 'b3' | 'w4' | 'b4', Float32Array> & { y: Int32Array }
  xformer(): { x: Float32Array; params: Record<string, [Float32Array, number[]]> }
  digest(a: ArrayLike<number>): number[]
  XF: { B: number; S: number; D: number; H: number; F: number }
}
export interface Spec {
  readonly n?: number
  readonly dims?: number[]
  readonly batch?: number
  readonly hw?: number
  readonly cin?: number
  readonly cout?: number
  readonly k?: number
  readonly stride?: number
  /** Training in this dtype, of parameters that stay float32. Default: float32 throughout. */
  readonly dtype?: DType
}
export interface Workload {
  run(): unknown
  check(): number[] | Promise<number[]>
  dispose?(): void
}
export interface Setting {
  readonly threads: number
  readonly data: Data
  readonly backend?: { readonly name: string; readonly load: (options: { readonly threads?: number }) => Promise<Backend> }
}
export type Make = (spec: Spec, name: string) => Workload

/** Training: `next` goes a step and gives its loss; the losses before steps 1, 2 and 11 are compared. `held`: what the state holds at the end. */
export const trainingWorkload = (next: () => Tensor, held: () => readonly Tensor[]): Workload => ({
  run: () => next().dispose(),
  check: () => {
    const losses = Array.from({ length: 11 }, () => next().item())
    return [losses[0], losses[1], losses[10]] as number[]
  },
  dispose: () => held().forEach(t => t.dispose()),
})

export const version = '0.1.0'

export async function workloads({ threads, data: D, backend = cpu }: Setting): Promise<Record<string, Make>> {
  await init({ backend, threads })
  const f32 = (a: Float32Array, shape: number[]): Tensor => np.array(a, { shape })
  /** `f()` makes one fresh result. */
  const once = (f: () => Tensor): Workload => ({ run: () => f().dispose(), check: () => D.digest(f().dataSync()) })
  const unary =
    (make: () => Float32Array, shape: number[], f: (x: Tensor) => Tensor): Make =>
    () => {
      const x = f32(make(), shape)
      return once(() => f(x))
    }
  const add: Make = ({ n = 0 }) => {
    const a = f32(D.uniform(1, n), [n]),
      b = f32(D.uniform(2, n), [n])
    return once(() => a.add(b))
  }
  const matmul: Make = ({ n = 0 }) => {
    const a = f32(D.uniform(1, n * n), [n, n]),
      b = f32(D.uniform(2, n * n), [n, n])
    return once(() => a.matmul(b))
  }
  const gelu = (x: Tensor): Tensor => x.mul(0.5).mul(np.tanh(x.mul(x).mul(x).mul(0.044715).add(x).mul(0.7978845608028654)).add(1))
  /** With its derivative by its result, as the peers' own have it. */
  const softmax: (x: Tensor) => Tensor = customJvp(
    (x: Tensor): Tensor => {
      const e = np.exp(x.sub(x.max({ axis: -1, keepdims: true })))
      return e.div(e.sum({ axis: -1, keepdims: true }))
    },
    ([x], [t]) => {
      const y = softmax(x),
        yt = y.mul(t)
      return [y, yt.sub(y.mul(yt.sum({ axis: -1, keepdims: true })))]
    },
  )
  const crossEntropy = (logits: Tensor, labels: Tensor): Tensor =>
    np.mean(
      np
        .logsumexp(logits, { axis: -1 })
        .sub(np.sum(np.where(np.equal(np.expandDims(labels, -1), np.arange(logits.shape[1] as number)), logits, 0), { axis: -1 })),
    )

  // ---- training: Adam, the bias corrections applied to scalars
  interface Adam {
    readonly p: readonly Tensor[]
    readonly m: readonly Tensor[]
    readonly v: readonly Tensor[]
    readonly t: Tensor
  }
  const adamStep = (s: Adam, g: readonly Tensor[]): Adam => {
    const t = s.t.add(1)
    const rate = np.divide(1e-3, np.subtract(1, np.power(0.9, t))),
      correction = np.divide(1, np.subtract(1, np.power(0.999, t)))
    const m = s.m.map((x, i) => x.mul(0.9).add((g[i] as Tensor).mul(0.1)))
    const v = s.v.map((x, i) => x.mul(0.999).add((g[i] as Tensor).mul(g[i] as Tensor).mul(0.001)))
    const p = s.p.map((x, i) => x.sub((m[i] as Tensor).mul(rate).div(np.sqrt((v[i] as Tensor).mul(correction)).add(1e-7))))
    return { p, m, v, t }
  }
  type Loss = (p: readonly Tensor[], x: Tensor, y: Tensor) => Tensor
  const classify =
    (forward: (p: readonly Tensor[], x: Tensor) => Tensor): Loss =>
    (p, x, y) =>
      crossEntropy(forward(p, x), y)
  const inDType = (loss: Loss, dtype: DType | undefined): Loss =>
    dtype === undefined
      ? loss
      : (p, x, y) =>
          loss(
            p.map(t => t.astype(dtype)),
            x.astype(dtype),
            y,
          ).astype('float32')
  const train = (loss: Loss, params: readonly Tensor[], x: Tensor, y: Tensor, compiled = true): Workload => {
    const raw = (s: Adam, a: Tensor, b: Tensor): readonly [Tensor, Adam] => {
      const [value, g] = valueAndGrad(loss)(s.p, a, b)
      return [value, adamStep(s, g)]
    }
    const step = compiled ? jit(raw, { donate: [0] }) : raw
    const zeros = (): Tensor[] => params.map(p => np.zerosLike(p))
    let state: Adam = { p: params.map(p => p.add(0)), m: zeros(), v: zeros(), t: np.scalar(0) }
    const next = (): Tensor => {
      const [value, s] = step(state, x, y)
      state = s
      return value
    }
    return trainingWorkload(next, () => tree.leaves(state))
  }
  const forwardOnly = (forward: (p: readonly Tensor[], x: Tensor) => Tensor, p: readonly Tensor[], x: Tensor): Workload => {
    const f = jit(forward)
    return once(() => f(p, x))
  }

  const mlpForward = (p: readonly Tensor[], x: Tensor): Tensor => {
    let h = x
    for (let i = 0; i < p.length; i += 2) {
      h = h.matmul(p[i] as Tensor).add(p[i + 1] as Tensor)
      if (i + 2 < p.length) h = np.maximum(h, 0)
    }
    return h
  }
  const mlp: Make = ({ dims = [], batch = 0, dtype }, name) => {
    const d = D.mlp(dims, batch)
    const params = d.layers.flatMap(l => [f32(l.w, l.shape), f32(l.b, [l.shape[1] as number])])
    const x = f32(d.x, [batch, dims[0] as number])
    return name.endsWith('_fwd')
      ? forwardOnly(mlpForward, params, x)
      : train(inDType(classify(mlpForward), dtype), params, x, np.array(d.y), !name.endsWith('_eager'))
  }

  const conv = (x: Tensor, w: Tensor, stride = 1): Tensor =>
    lax.convGeneralDilated(x, w, [stride, stride], 'SAME', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] })
  const pool = (x: Tensor): Tensor => lax.reduceWindow(x, 'max', [1, 2, 2, 1], [1, 2, 2, 1], 'VALID')
  const cnnForward = (p: readonly Tensor[], x: Tensor): Tensor => {
    const [k1, b1, k2, b2, w3, b3, w4, b4] = p as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
    const a = pool(np.maximum(conv(x, k1).add(b1), 0))
    const b = pool(np.maximum(conv(a, k2).add(b2), 0))
    return np
      .maximum(
        b
          .reshape([x.shape[0] as number, 3136])
          .matmul(w3)
          .add(b3),
        0,
      )
      .matmul(w4)
      .add(b4)
  }
  const cnn: Make = ({ batch = 0 }, name) => {
    const d = D.cnn(batch)
    const params = [
      f32(d.k1, [3, 3, 1, 32]),
      f32(d.b1, [32]),
      f32(d.k2, [3, 3, 32, 64]),
      f32(d.b2, [64]),
      f32(d.w3, [3136, 128]),
      f32(d.b3, [128]),
      f32(d.w4, [128, 10]),
      f32(d.b4, [10]),
    ]
    const x = f32(d.x, [batch, 28, 28, 1])
    return name.endsWith('_fwd') ? forwardOnly(cnnForward, params, x) : train(classify(cnnForward), params, x, np.array(d.y))
  }

  const { B, S, D: width, H } = D.XF
  const layerNorm = (x: Tensor, g: Tensor, b: Tensor): Tensor => {
    const c = x.sub(x.mean({ axis: -1, keepdims: true }))
    return c
      .div(np.sqrt(c.mul(c).mean({ axis: -1, keepdims: true }).add(1e-5)))
      .mul(g)
      .add(b)
  }
  type Block = Readonly<Record<string, Tensor>>
  const block = (p: Block, x: Tensor): Tensor => {
    const w = p as Readonly<Record<'g1' | 'c1' | 'wqkv' | 'bqkv' | 'wo' | 'bo' | 'g2' | 'c2' | 'w1' | 'b1' | 'w2' | 'b2', Tensor>>
    const qkv = layerNorm(x, w.g1, w.c1).matmul(w.wqkv).add(w.bqkv)
    const [q, k, v] = np.split(qkv, 3, { axis: -1 }).map(t => t.reshape([B, S, H, width / H]).transpose([0, 2, 1, 3])) as [
      Tensor,
      Tensor,
      Tensor,
    ]
    const scores = q.matmul(k.transpose([0, 1, 3, 2])).mul((width / H) ** -0.5)
    const a = softmax(np.where(np.tri(S, { dtype: 'bool' }), scores, -1e9))
      .matmul(v)
      .transpose([0, 2, 1, 3])
      .reshape([B, S, width])
    const h = x.add(a.matmul(w.wo).add(w.bo))
    return h.add(
      gelu(layerNorm(h, w.g2, w.c2).matmul(w.w1).add(w.b1))
        .matmul(w.w2)
        .add(w.b2),
    )
  }
  const xformer: Make = ({ dtype }, name) => {
    const d = D.xformer()
    const p: Block = Object.fromEntries(Object.entries(d.params).map(([key, [a, shape]]) => [key, f32(a, shape)]))
    const x = f32(d.x, [B, S, width])
    if (name === 'xformer_fwd') {
      const f = jit(block)
      return once(() => f(p, x))
    }
    const loss = (q: Block, a: Tensor): Tensor => {
      const y = block(q, a)
      return np.mean(y.mul(y))
    }
    if (name === 'xformer_train') {
      const keys = Object.keys(p)
      const named = (list: readonly Tensor[]): Block => Object.fromEntries(keys.map((key, i) => [key, list[i] as Tensor]))
      return train(
        inDType((list, a) => loss(named(list), a), dtype),
        Object.values(p),
        x,
        np.scalar(0),
      )
    }
    const f = jit((q: Block, a: Tensor) => grad(loss, { argnums: [0, 1] })(q, a))
    return {
      run: () => tree.leaves(f(p, x)).forEach(t => t.dispose()),
      check: () => {
        const [gp, gx] = f(p, x)
        return [...D.digest(gx.dataSync()), ...D.digest((gp['w1'] as Tensor).dataSync())]
      },
    }
  }

  const convRow: Make = ({ n = 0, hw = 0, cin = 0, cout = 0, k = 0, stride = 1 }) => {
    const x = f32(D.uniform(40, n * hw * hw * cin), [n, hw, hw, cin]),
      w = f32(D.uniform(41, k * k * cin * cout, -0.1, 0.1), [k, k, cin, cout])
    return once(() => conv(x, w, stride))
  }
  const gather: Make = () => {
    const x = f32(D.uniform(1, 50000 * 64), [50000, 64]),
      i = np.array(D.ints(2, 100000, 50000))
    return once(() => np.take(x, i, { axis: 0 }))
  }
  const scalarFunction = (x: Tensor): Tensor => np.tanh(x).mul(x).add(np.sin(x))
  const tinyGrad =
    (wrap: (g: (x: Tensor) => Tensor) => (x: Tensor) => Tensor): Make =>
    () => {
      const x = np.scalar(0.7),
        g = wrap(grad(scalarFunction))
      return once(() => g(x))
    }
  const jitted = (f: (x: Tensor) => Tensor): ((x: Tensor) => Tensor) => jit(f)
  return {
    matmul,
    mlp,
    cnn,
    xformer,
    conv: convRow,
    gather_100k: gather,
    add_1m_eager: add,
    add_4m_eager: add,
    gelu_1m_eager: unary(() => D.uniform(1, 1 << 20, -3, 3), [1 << 20], gelu),
    gelu_1m_fused: unary(() => D.uniform(1, 1 << 20, -3, 3), [1 << 20], jitted(gelu)),
    softmax_1024: unary(() => D.uniform(1, 1 << 20, -4, 4), [1024, 1024], jitted(softmax)),
    sum_4m: unary(
      () => D.uniform(1, 1 << 22, 0, 1),
      [1 << 22],
      x => x.sum(),
    ),
    sum_axis0_2048: unary(
      () => D.uniform(1, 1 << 22),
      [2048, 2048],
      x => x.sum({ axis: 0 }),
    ),
    sum_axis1_2048: unary(
      () => D.uniform(1, 1 << 22),
      [2048, 2048],
      x => x.sum({ axis: 1 }),
    ),
    transpose_2048: unary(
      () => D.uniform(1, 1 << 22),
      [2048, 2048],
      x => x.transpose(),
    ),
    tiny_add: () => {
      const a = f32(D.uniform(1, 8), [8]),
        b = f32(D.uniform(2, 8), [8])
      return once(() => a.add(b))
    },
    tiny_jit: unary(
      () => D.uniform(1, 8),
      [8],
      jitted(x => x.mul(2).add(1)),
    ),
    tiny_grad: tinyGrad(g => g),
    tiny_grad_jit: tinyGrad(g => jit(g)),
    sort_1m: unary(
      () => D.uniform(1, 1000000),
      [1000000],
      x => np.sort(x),
    ),
    cumsum_1m: unary(
      () => D.uniform(1, 1000000),
      [1000000],
      x => np.cumsum(x),
    ),
  }
}
