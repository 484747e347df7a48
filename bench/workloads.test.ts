/** Every row of the benchmark runs and gives finite numbers; sizes are small where the row lets them be. */
import { expect, test } from 'vitest'
import { workloads } from './workloads.ts'

const uniform = (seed: number, n: number, lo = -1, hi = 1): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => lo + ((hi - lo) * ((((i + 1) * (seed + 7) * 2654435761) >>> 8) % 1000)) / 1000)
const ints = (seed: number, n: number, k: number): Int32Array => Int32Array.from({ length: n }, (_, i) => ((i + seed) * 7919) % k)
const XF = { B: 1, S: 4, D: 8, H: 2, F: 16 }
const weights = (seed: number, n: number): Float32Array => uniform(seed, n, -0.1, 0.1)
const data = {
  uniform,
  ints,
  XF,
  mlp: (dims: readonly number[], batch: number) => ({
    x: uniform(1, batch * (dims[0] as number), 0, 1),
    y: ints(2, batch, 10),
    layers: dims
      .slice(1)
      .map((n, l) => ({ shape: [dims[l] as number, n], w: weights(l, (dims[l] as number) * n), b: new Float32Array(n) })),
  }),
  cnn: (batch: number) => ({
    x: uniform(3, batch * 784, 0, 1),
    y: ints(4, batch, 10),
    k1: weights(1, 9 * 32),
    b1: new Float32Array(32),
    k2: weights(2, 9 * 32 * 64),
    b2: new Float32Array(64),
    w3: weights(3, 3136 * 128),
    b3: new Float32Array(128),
    w4: weights(4, 1280),
    b4: new Float32Array(10),
  }),
  xformer: () => {
    const { D, F } = XF
    const shapes: Record<string, number[]> = {
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
      Object.entries(shapes).map(([k, s], i): [string, [Float32Array, number[]]] => [
        k,
        [
          weights(
            i,
            s.reduce((a, b) => a * b, 1),
          ),
          s,
        ],
      ]),
    )
    return { x: uniform(30, XF.B * XF.S * D), params }
  },
  digest: (a: ArrayLike<number>) => [a.length, a[0] as number, a[a.length - 1] as number],
}
const specs: Record<string, { readonly row: string; readonly spec: object }> = {
  matmul_8: { row: 'matmul', spec: { n: 8 } },
  mlp_fwd: { row: 'mlp', spec: { dims: [12, 8, 10], batch: 4 } },
  mlp_train: { row: 'mlp', spec: { dims: [12, 8, 10], batch: 4 } },
  mlp_train_eager: { row: 'mlp', spec: { dims: [12, 8, 10], batch: 4 } },
  cnn_fwd: { row: 'cnn', spec: { batch: 1 } },
  cnn_train: { row: 'cnn', spec: { batch: 1 } },
  xformer_fwd: { row: 'xformer', spec: {} },
  xformer_fwdbwd: { row: 'xformer', spec: {} },
  conv: { row: 'conv', spec: { n: 1, hw: 8, cin: 2, cout: 3, k: 3, stride: 2 } },
}

test('every row runs', { timeout: 60_000 }, async () => {
  const rows = await workloads({ threads: 1, data })
  const own = Object.keys(rows)
    .filter(row => !Object.values(specs).some(s => s.row === row))
    .map(row => [row, { row, spec: { n: 64 } }] as const)
  for (const [name, { row, spec }] of [...Object.entries(specs), ...own]) {
    const w = rows[row]?.(spec, name)
    const check = await w?.check()
    expect(check?.length, name).toBeGreaterThan(0)
    for (const v of check ?? []) expect(Number.isFinite(v), name).toBe(true)
    w?.run()
    w?.dispose?.()
  }
})
