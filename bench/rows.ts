/** The rows of the comparison with other libraries and data for them, for measurements of our side alone. */
import type { Data, Make, Spec, Workload } from './workloads.ts'

/** A number in [0, 1) from two others: the fractional parts of multiples of the golden ratio. */
const spread = (i: number, seed: number): number => ((i + 1) * 0.6180339887498949 + seed * 0.7548776662466927) % 1

/** In a loop, since `Float32Array.from` leaves a boxed number a element behind. */
function uniform(seed: number, n: number, lo = -1, hi = 1): Float32Array {
  const out = new Float32Array(n)
  for (let i = 0; i < n; i++) out[i] = lo + (hi - lo) * spread(i, seed)
  return out
}
const ints = (seed: number, n: number, k: number): Int32Array => Int32Array.from({ length: n }, (_, i) => Math.floor(k * spread(i, seed)))
const weights = (seed: number, ...shape: number[]): Float32Array =>
  uniform(
    seed,
    shape.reduce((a, b) => a * b, 1),
    -0.05,
    0.05,
  )

export const transformerSizes = { B: 8, S: 128, D: 256, H: 8, F: 1024 }

/** Inputs of all rows; the transformer's sizes may be smaller. */
export function dataOf(XF: Data['XF'] = transformerSizes): Data {
  return {
    uniform,
    ints,
    XF,
    mlp: (dims, batch) => ({
      x: uniform(1, batch * (dims[0] as number), 0, 1),
      y: ints(2, batch, 10),
      layers: dims.slice(1).map((n, l) => ({ shape: [dims[l] as number, n], w: weights(l, dims[l] as number, n), b: new Float32Array(n) })),
    }),
    cnn: batch => ({
      x: uniform(3, batch * 784, 0, 1),
      y: ints(4, batch, 10),
      k1: weights(1, 9, 32),
      b1: new Float32Array(32),
      k2: weights(2, 9, 32, 64),
      b2: new Float32Array(64),
      w3: weights(3, 3136, 128),
      b3: new Float32Array(128),
      w4: weights(4, 128, 10),
      b4: new Float32Array(10),
    }),
    xformer: () => {
      const { B, S, D, F } = XF
      const shapes: Readonly<Record<string, number[]>> = {
        g1: [D],
        c1: [D],
        wqkv: [D, 3 * D],
        bqkv: [3 * D],
        wo: [D, D],
        bo: [D],
        g2: [D],
        c2: [D],
        w1: [D, F],
        b1: [F],
        w2: [F, D],
        b2: [D],
      }
      const params = Object.fromEntries(
        Object.entries(shapes).map(([name, shape], i): [string, [Float32Array, number[]]] => [name, [weights(i, ...shape), shape]]),
      )
      return { x: uniform(30, B * S * D), params }
    },
    digest: a => [a.length, a[0] as number, a[a.length - 1] as number],
  }
}

export interface Row {
  /** The entry of workloads(). */
  readonly group: string
  readonly spec: Spec
}

const million = 1 << 20
const mlp = (batch: number, ...dims: number[]): Row => ({ group: 'mlp', spec: { batch, dims } })
const own = (group: string, n = 0): Row => ({ group, spec: { n } })

/** By name, in the sizes of the comparison. */
export const rows: Readonly<Record<string, Row>> = {
  ...Object.fromEntries([128, 256, 512, 1024, 2048].map(n => [`matmul_${n}`, { group: 'matmul', spec: { n } }])),
  add_1m_eager: own('add_1m_eager', million),
  add_4m_eager: own('add_4m_eager', 4 * million),
  gelu_1m_eager: own('gelu_1m_eager'),
  gelu_1m_fused: own('gelu_1m_fused'),
  softmax_1024: own('softmax_1024'),
  sum_4m: own('sum_4m'),
  sum_axis0_2048: own('sum_axis0_2048'),
  sum_axis1_2048: own('sum_axis1_2048'),
  transpose_2048: own('transpose_2048'),
  tiny_add: own('tiny_add'),
  tiny_jit: own('tiny_jit'),
  tiny_grad: own('tiny_grad'),
  tiny_grad_jit: own('tiny_grad_jit'),
  mlp64_b32_fwd: mlp(32, 784, 64, 10),
  mlp64_b128_fwd: mlp(128, 784, 64, 10),
  mlp64_b32_train: mlp(32, 784, 64, 10),
  mlp64_b128_train: mlp(128, 784, 64, 10),
  mlp64_b128_train_eager: mlp(128, 784, 64, 10),
  mlp512_b128_fwd: mlp(128, 784, 512, 512, 10),
  mlp512_b128_train: mlp(128, 784, 512, 512, 10),
  cnn_b64_fwd: { group: 'cnn', spec: { batch: 64 } },
  cnn_b64_train: { group: 'cnn', spec: { batch: 64 } },
  xformer_fwd: own('xformer'),
  xformer_fwdbwd: own('xformer'),
  conv_56: { group: 'conv', spec: { n: 8, hw: 56, cin: 64, cout: 64, k: 3, stride: 1 } },
  conv_224: { group: 'conv', spec: { n: 1, hw: 224, cin: 3, cout: 64, k: 7, stride: 2 } },
  sort_1m: own('sort_1m'),
  cumsum_1m: own('cumsum_1m'),
  gather_100k: own('gather_100k'),
}

/** A row by name, of the backend that `all` was made for. */
export function workloadOf(all: Readonly<Record<string, Make>>, name: string): Workload {
  const { group, spec } = rows[name] ?? {}
  const make = all[group ?? '']
  if (make === undefined || spec === undefined) throw new Error(`there is no row ${name}`)
  return make(spec, name)
}
