/** What must hold of layers whatever their sizes: composition, norms, noise, adapters, summaries. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { concatAll } from 'fp-ts/lib/Monoid.js'
import {
  type Tensor,
  abs,
  arange,
  array,
  concatenate,
  grad,
  init,
  jit,
  max,
  mean,
  ones,
  random,
  sliceAxis,
  std,
  sum,
  tree,
  vmap,
  where,
  zeros,
} from '@cotangent/core'
import * as nn from '@cotangent/nn'
import { few, normal, same } from './support/laws.ts'
import { close } from './support/numbers.ts'

await init({ backend: 'reference' })

const key = random.key(5)

describe('serial is a monoid', () => {
  const some = fc.constantFrom<nn.OpaqueLayer>(...[nn.dense(3), nn.gelu, nn.layerNorm(), nn.residual(nn.tanh)].map(nn.opaqueLayer))
  it('however layers are grouped, the output is the same for the same parameters', () => {
    fc.assert(
      fc.property(some, some, some, (a, b, c) => {
        const left = nn.serial(nn.serial(a, b), c),
          right = nn.serial(a, nn.serial(b, c))
        const { params, state } = left.init(key, [4]),
          regrouped = [params[0][0], [params[0][1], params[1]]] as const
        const x = normal([2, 4])
        same(right.step(regrouped, state as never, x)[0], left.step(params, state, x)[0])
      }),
      few,
    )
  })
  it('its unit changes nothing, and concatAll folds', () => {
    const folded = concatAll(nn.layerMonoid)([nn.dense(3), nn.relu].map(nn.opaqueLayer))
    const { params, output, state } = folded.init(key, [4])
    expect(output).toEqual([3])
    const x = normal([2, 4]),
      [y] = folded.step(params, state, x)
    const inner = (params as unknown as readonly [readonly [null, nn.Dense], null])[0][1]
    same(y, nn.relu(nn.dense(3).apply(inner, x)))
    same(nn.layerMonoid.empty.step(null as never, null as never, x)[0], x)
  })
})

describe('batch norm', () => {
  const layer = nn.batchNorm({ momentum: 0.5, epsilon: 1e-6 })
  const { params, state } = layer.init(key, [3, 2])
  it('training: mean 0 and variance 1 of each channel, whatever the batch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.nat(100), (n, seed) => {
        const [y] = layer.step(params, state, normal([n, 3, 2], seed).mul(5).add(2), { train: true })
        close(mean(y, { axis: [0, 1] }), [0, 0], 1e-5)
        close(std(y, { axis: [0, 1] }), [1, 1], 1e-4)
      }),
      few,
    )
  })
  it('evaluation after many steps on one batch gives what training gives, and keeps the state', () => {
    const x = normal([4, 3, 2]).mul(3)
    const train = jit((s: nn.BatchStatistics) => layer.step(params, s, x, { train: true })[1])
    let s = state
    for (let i = 0; i < 30; i++) s = train(s)
    const [y, kept] = layer.step(params, s, x)
    expect(kept).toBe(s)
    same(y, layer.step(params, s, x, { train: true })[0], 1e-4)
  })
  it('is one of the layers of a model with state, and refuses apply', () => {
    const model = nn.serial(nn.dense(2, { useBias: false }), layer, nn.relu)
    const made = model.init(key, [3])
    const [, next] = model.step(made.params, made.state, normal([5, 3]), { train: true })
    expect(next[1]?.mean.shape).toEqual([2])
    expect(() => (layer as unknown as nn.Layer<nn.LayerNorm>).apply(params, normal([5, 3, 2]))).toThrow(/batchNorm: has state/)
  })
})

describe('noise', () => {
  const x = random.normal(random.key(8), [4000]),
    train = { train: true, key }
  it('alpha dropout keeps mean 0 and variance 1; gaussian noise and dropout add what they say', () => {
    const y = nn.alphaDropout(0.3).apply(null, x, train)
    expect(Math.abs(mean(y).item())).toBeLessThan(0.08)
    expect(Math.abs(std(y).item() - 1)).toBeLessThan(0.08)
    expect(std(nn.gaussianNoise(0.5).apply(null, zeros([4000]), train)).item()).toBeCloseTo(0.5, 1)
    const z = nn.gaussianDropout(0.2).apply(null, ones([4000]), train)
    expect(std(z).item()).toBeCloseTo(0.5, 1)
    expect(mean(z).item()).toBeCloseTo(1, 1)
  })
  it('spatial dropout drops whole channels', () => {
    const y = nn.spatialDropout(0.5).apply(null, ones([3, 4, 4, 8]), train)
    const total = [...sum(y, { axis: [1, 2] }).dataSync()]
    expect(new Set(total)).toEqual(new Set([0, 32]))
  })
  it('is the identity without training', () => {
    for (const layer of [nn.spatialDropout(0.5), nn.gaussianNoise(1), nn.gaussianDropout(0.5), nn.alphaDropout(0.5)])
      expect(layer.apply(null, x)).toBe(x)
    expect(() => nn.alphaDropout(0.5).apply(null, x, { train: true })).toThrow(/alphaDropout: training needs randomness/)
    expect(() => nn.gaussianNoise(-1)).toThrow(/at least 0/)
  })
})

describe('side by side', () => {
  it('a residual connection adds its input, and keeps the body', () => {
    const layer = nn.residual(nn.serial(nn.dense(3), nn.tanh)),
      { params } = layer.init(key, [3]),
      x = normal([2, 3])
    same(layer.apply(params, x), x.add(nn.tanh(nn.dense(3).apply(params[0], x))))
    expect(() => nn.residual(nn.dense(4)).init(key, [3])).toThrow(/residual: the body makes \[4\] of \[3\]/)
  })
  it('branches become one', () => {
    const x = normal([2, 3])
    const twice = (how: nn.MergeKind): Tensor => nn.merge(how, [nn.relu, nn.tanh]).apply([null, null], x)
    same(twice('add'), nn.relu(x).add(nn.tanh(x)))
    same(twice('average'), nn.relu(x).add(nn.tanh(x)).div(2))
    same(twice('multiply'), nn.relu(x).mul(nn.tanh(x)))
    same(
      twice('maximum'),
      nn
        .relu(x)
        .mul(0)
        .add(where(nn.relu(x).greater(nn.tanh(x)), nn.relu(x), nn.tanh(x))),
    )
    same(twice('concat'), concatenate([nn.relu(x), nn.tanh(x)], { axis: 1 }))
    same(twice('dot'), sum(nn.relu(x).mul(nn.tanh(x)), { axis: 1, keepdims: true }))
    expect(() => nn.merge('add', [nn.dense(2), nn.dense(3)]).init(key, [4])).toThrow(
      /merge: add needs results of one shape, got \[2\] and \[3\]/,
    )
  })
  it('state of branches is threaded', () => {
    const layer = nn.merge('add', [nn.residual(nn.batchNorm()), nn.relu]),
      { params, state } = layer.init(key, [2])
    expect(layer.step(params, state, normal([3, 2]), { train: true })[1][0]?.mean.shape).toEqual([2])
  })
})

describe('adapters', () => {
  const model = nn.named({ first: nn.dense(5), act: nn.relu, last: nn.dense(2) }),
    { params } = model.init(key, [4]),
    adapters = nn.loraInit(key, params, 2),
    x = normal([3, 4])
  it('change nothing at first, and the product of their factors later', () => {
    same(model.apply(nn.loraMerge(params, adapters), x), model.apply(params, x))
    const g = grad((a: typeof adapters) => sum(model.apply(nn.loraMerge(params, a), x)))(adapters)
    expect(tree.paths(g)).toEqual(['first.kernel.down', 'first.kernel.up', 'last.kernel.down', 'last.kernel.up'])
    const moved = tree.map((t: Tensor) => t.add(0.1), adapters)
    const merged = nn.loraMerge(params, moved, { alpha: 4 })
    const { down, up } = moved.first.kernel as nn.LowRank
    same(merged.first.kernel, params.first.kernel.add(down.matmul(up).mul(2)))
    expect(merged.first.bias).toBe(params.first.bias)
  })
  it('say what does not fit', () => {
    expect(() => nn.loraInit(key, params, 3)).toThrow(/loraInit: rank 3 needs a matrix at least as large, but last.kernel is \[5, 2\]/)
    expect(() => nn.loraInit(key, { w: zeros([2]) }, 1)).toThrow(/none of w gets an adapter/)
  })
})

describe('summary', () => {
  const model = nn.serial(nn.conv2d(4, 3, { padding: 'VALID' }), nn.batchNorm(), nn.named({ act: nn.relu, flat: nn.flatten }), nn.dense(10))
  it('counts parameters, state and operations, layer by layer', () => {
    const s = nn.summary(model, [6, 6, 2])
    expect(s.rows.map(r => [r.path, r.layer, r.output, r.parameters])).toEqual([
      ['[0]', 'conv2d(4)', [4, 4, 4], 76],
      ['[1]', 'batchNorm', [4, 4, 4], 8],
      ['[2].act', 'relu', [4, 4, 4], 0],
      ['[2].flat', 'flatten', [64], 0],
      ['[3]', 'dense(10)', [10], 650],
    ])
    const { params, state } = model.init(key, [6, 6, 2])
    expect(s.parameters).toBe(tree.leaves(params).reduce((n, t) => n + t.size, 0))
    expect(s.state).toBe(tree.leaves(state).reduce((n, t) => n + t.size, 0))
    // Each of 16 places of 4 channels: 18 products and sums, and the bias.
    expect(s.rows[0]?.flops).toBe(16 * 4 * (2 * 18 + 1))
    expect(s.rows[4]?.flops).toBe(10 * (2 * 64 + 1))
    expect(String(s)).toMatch(/\[3\] +dense\(10\) +\[10\] +650 +1,290\n +total +734/)
  })
  it('counts the steps of loops, and reads ids', () => {
    const one = nn.summary(nn.lstm(3), [1, 2]).flops,
      ten = nn.summary(nn.lstm(3), [10, 2]).flops
    expect(ten).toBe(10 * one)
    expect(nn.summary(nn.serial(nn.embedding(7, 2), nn.gru(3)), [4], { dtype: 'int32' }).rows[1]?.output).toEqual([4, 3])
  })
})

describe('activations at infinity', () => {
  it('softplus, squareplus, mish: values and slopes are the limits; NaN stays NaN', () => {
    const at = array([0, Infinity, -Infinity, NaN])
    const slopes = { softplus: [0.5, 1, 0], squareplus: [0.5, 1, 0], mish: [0.6, 1, 0] }
    const { softplus, squareplus, mish } = nn
    for (const [name, f] of Object.entries({ softplus, squareplus, mish })) {
      const g = grad((v: Tensor) => sum(f(v)))(at).dataSync(),
        y = f(at).dataSync()
      slopes[name as keyof typeof slopes].forEach((w, i) => expect(g[i], `${name} ${i}`).toBeCloseTo(w, 6))
      expect([g[3], y[1], Math.abs(y[2] as number), y[3]], name).toEqual([NaN, Infinity, 0, NaN])
    }
  })
  it('rectifiers have finite slopes far out', () => {
    for (const f of [nn.elu, nn.celu, nn.selu, nn.leakyRelu, nn.relu6, nn.sparsePlus, nn.hardTanh])
      expect(
        grad((v: Tensor) => sum(f(v)))(array([Infinity, -Infinity, 1e30, -1e30]))
          .dataSync()
          .every(Number.isFinite),
        f.name,
      ).toBe(true)
    close(nn.squareplus(array([-1e4])), [1e-4], 1e-10)
  })
})

it('noise and statistics under vmap: a key for each, a state for each', () => {
  const layer = nn.serial(nn.dropout(0.5), nn.batchNorm({ momentum: 0 })),
    { params, state } = layer.init(key, [3])
  const x = normal([2, 40, 3])
  const run = (k: typeof key, a: Tensor) => layer.step(params, state, a, { train: true, key: k })
  const [ys, states] = vmap(run)(random.splitBatch(key, 2), x)
  expect(states[1]?.mean.shape).toEqual([2, 3])
  const keys = random.split(key, 2)
  keys.forEach((k, i) => {
    const [y, own] = run(k, sliceAxis(x, i, i + 1).reshape([40, 3]))
    same(sliceAxis(ys, i, i + 1).reshape([40, 3]), y, 1e-5)
    same(sliceAxis(states[1]?.mean as Tensor, i, i + 1).reshape([3]), own[1]?.mean as Tensor, 1e-5)
  })
})

it('layers work under vmap over models', () => {
  const layer = nn.serial(nn.lstm(3), nn.multiHeadAttention(1), nn.layerNorm(), nn.globalAvgPool())
  const member = (i: Tensor) => layer.init(random.foldIn(key, i), [2, 2]).params
  const models = vmap(member)(arange(2)),
    x = normal([2, 2, 2])
  const together = vmap((p: ReturnType<typeof member>) => layer.apply(p, x))(models)
  same(sliceAxis(together, 1, 2).reshape([2, 3]), layer.apply(member(array(1, { dtype: 'int32' })), x), 1e-5)
  expect(max(abs(together)).item()).toBeGreaterThan(0)
})
