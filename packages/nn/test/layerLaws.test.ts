/** What must hold of layers whatever their sizes: composition, norms, attention, caches, recurrence, noise, adapters. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { concatAll } from 'fp-ts/lib/Monoid.js'
import {
  type Tensor,
  abs,
  arange,
  array,
  concatenate,
  flip,
  grad,
  init,
  jit,
  max,
  mean,
  ones,
  random,
  repeat,
  sliceAxis,
  std,
  sum,
  tree,
  valueAndGrad,
  vmap,
  where,
  zeros,
} from '@cotangent/core'
import * as nn from '@cotangent/nn'
import { close } from './support/fixtures.ts'

await init({ backend: 'reference' })

const key = random.key(5)
const normal = (shape: readonly number[], seed = 0): Tensor => random.normal(random.key(seed), shape)
const same = (a: Tensor, b: Tensor, tolerance = 3e-6): void => {
  expect(a.shape).toEqual(b.shape)
  close(a, [...b.dataSync()], tolerance)
}
const few = { numRuns: 5 }
const size = fc.integer({ min: 1, max: 4 })

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

describe('attention', () => {
  const heads = 2,
    width = 4
  it('masked keys do not influence the result or its gradient; a query that may look nowhere gets zeros', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), fc.nat(100), (seen, seed) => {
        const mask = array(seen).reshape([1, 1, 1, 3])
        const q = normal([1, 2, heads, width], seed),
          [k, v, noise] = [1, 2, 3].map(i => normal([1, 3, heads, width], seed + i)) as [Tensor, Tensor, Tensor]
        const hidden = array(seen).reshape([1, 3, 1, 1])
        const f = (a: Tensor, b: Tensor): Tensor => nn.dotProductAttention(q, a, b, { mask })
        const y = f(k, v)
        same(f(where(hidden, k, noise), where(hidden, v, noise)), y)
        if (!seen.some(Boolean)) close(y, new Array<number>(y.size).fill(0))
        const g = grad((a: Tensor) => sum(f(a, v).mul(f(a, v))))(k)
        close(where(hidden, 0, g), new Array<number>(g.size).fill(0))
        expect(g.dataSync().every(Number.isFinite)).toBe(true)
      }),
      few,
    )
  })
  it('grouped queries are repeated heads of keys and values', () => {
    fc.assert(
      fc.property(size, size, size, (n, t, s) => {
        const q = normal([n, t, 4, 3]),
          k = normal([n, s, 2, 3], 1),
          v = normal([n, s, 2, 3], 2)
        const all = (x: Tensor): Tensor => repeat(x, 2, { axis: 2 })
        same(nn.dotProductAttention(q, k, v), nn.dotProductAttention(q, all(k), all(v)))
      }),
      few,
    )
  })
  it('causal: an element does not see later ones', () => {
    const layer = nn.multiHeadAttention(heads, { causal: true, rotary: true }),
      { params } = layer.init(key, [5, width])
    const x = normal([1, 5, width]),
      other = concatenate([sliceAxis(x, 0, 3, { axis: 1 }), normal([1, 2, width], 9)], { axis: 1 })
    const start = (y: Tensor): Tensor => sliceAxis(y, 0, 3, { axis: 1 })
    same(start(layer.apply(params, x)), start(layer.apply(params, other)))
  })
  it('rotated queries and keys know differences of positions alone, and keep their lengths', () => {
    for (const interleaved of [false, true]) {
      const q = normal([1, 3, 1, 4]),
        k = normal([1, 3, 1, 4], 1)
      const product = (shift: number): Tensor =>
        nn.dotProductAttention(
          nn.rotary(q, arange(3).add(shift), { interleaved }),
          nn.rotary(k, arange(3).add(shift), { interleaved }),
          normal([1, 3, 1, 4], 2),
        )
      same(product(0), product(17), 2e-5)
      same(sum(nn.rotary(q, arange(3)).mul(nn.rotary(q, arange(3))), { axis: -1 }), sum(q.mul(q), { axis: -1 }))
    }
  })
  it("ALiBi's slopes are the paper's, and its biases fall with the distance", () => {
    expect([...nn.alibiSlopes(8).dataSync()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map(i => 2 ** -i))
    expect(nn.alibiSlopes(6).shape).toEqual([6])
    close(
      nn.alibiBias(1, arange(2), arange(3)),
      [0, -1, -2, -1, 0, -1].map(v => v / 256),
    )
  })
  it("sinusoids are the paper's", () => {
    close(nn.sinusoids(array([0, 1]), 4), [0, 1, 0, 1, Math.sin(1), Math.cos(1), Math.sin(0.01), Math.cos(0.01)])
  })
  it('positions are added to what is there; logits are products with the table of ids', () => {
    const x = normal([2, 3, 4]),
      { params } = nn.learnedPositions(5).init(key, [3, 4])
    same(nn.learnedPositions(5).apply(params, x), x.add(sliceAxis(params.table, 0, 3)))
    same(nn.sinusoidalPositions().apply(null, x), x.add(nn.sinusoids(arange(3), 4)))
    const { table } = nn.embedding(6, 4).init(key, [3]).params
    same(nn.unembed({ table }, x), sum(x.reshape([2, 3, 1, 4]).mul(table), { axis: -1 }))
  })
  it('attention in any pieces through a cache is attention to the whole sequence', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(pieces, fc.constantFrom(1, 2), fc.boolean(), fc.boolean(), (sizes, groups, rotates, alibi) => {
        const t = sizes.reduce((a, b) => a + b, 0),
          options = { groups, rotary: rotates, alibi, causal: true } as const
        const whole = nn.multiHeadAttention(heads, options),
          cached = nn.multiHeadAttention(heads, { ...options, cache: { batch: 2, length: t } })
        const { params } = whole.init(key, [t, width]),
          x = normal([2, t, width])
        let state = cached.init(key, [t, width]).state
        const parts = sizes.map((size, i) => {
          const from = sizes.slice(0, i).reduce((a, b) => a + b, 0)
          const [y, next] = cached.step(params, state, sliceAxis(x, from, from + size, { axis: 1 }))
          state = next
          return y
        })
        same(concatenate(parts, { axis: 1 }), whole.apply(params, x), 1e-5)
      }),
      few,
    )
  })
  it('a sequence piece by piece through caches is the whole sequence', () => {
    const options = { heads: 4, groups: 2, causal: true, rotary: true, alibi: true, hidden: 6 } as const
    const parts = (stream: boolean) => [nn.learnedPositions(6, { stream }), nn.sinusoidalPositions({ stream })] as const
    const whole = nn.serial(...parts(false), nn.transformerEncoder(2, options))
    const cached = nn.serial(...parts(true), nn.transformerEncoder(2, { ...options, cache: { batch: 2, length: 6 } }))
    const { params } = whole.init(key, [5, 8])
    const x = normal([2, 5, 8]),
      mask = nn.sequenceMask(array([5, 4], { dtype: 'int32' }), 5)
    const wanted = whole.step(params as never, null as never, x, { mask })[0]
    const step = jit((s: ReturnType<typeof cached.init>['state'], piece: Tensor, m: Tensor) =>
      cached.step(params as never, s, piece, { mask: m }),
    )
    let state = cached.init(key, [5, 8]).state
    const pieces = [
      [0, 2],
      [2, 3],
      [3, 4],
      [4, 5],
    ].map(([from, to]) => {
      const [y, next] = step(state, sliceAxis(x, from as number, to, { axis: 1 }), sliceAxis(mask, from as number, to, { axis: 1 }))
      state = next
      return y
    })
    same(concatenate(pieces, { axis: 1 }), wanted, 1e-5)
    // The cache holds six elements: the seventh and later have no place.
    const [last, full] = step(state, zeros([2, 1, 8]), ones([2, 1], { dtype: 'bool' }))
    expect(last.dataSync().every(Number.isFinite)).toBe(true)
    expect(
      step(full, zeros([2, 1, 8]), ones([2, 1], { dtype: 'bool' }))[0]
        .dataSync()
        .every(Number.isNaN),
    ).toBe(true)
  })
  it('padding does not influence what a transformer with cross-attention gives', () => {
    const layer = nn.transformerDecoder(1, { heads: 2, hidden: 4 }),
      { params } = layer.init(key, [2, 4])
    const x = normal([1, 2, 4]),
      memory = normal([1, 2, 4], 1),
      longer = concatenate([memory, normal([1, 1, 4], 2)], { axis: 1 })
    same(layer.apply(params, [x, longer, array([[true, true, false]])]), layer.apply(params, [x, memory]))
  })
})

describe('recurrence', () => {
  const cells = { rnn: nn.rnnCell(2), gru: nn.gruCell(2), lstm: nn.lstmCell(2), stacked: nn.stackedCell(nn.gruCell(3), nn.lstmCell(2)) }
  for (const [name, anyCell] of Object.entries(cells)) {
    const cell = anyCell as nn.Cell<unknown, unknown>
    const params = cell.init(key, 3)
    it(`${name}: reversed, masked, in pieces`, () => {
      const x = normal([2, 4, 3])
      const [carry, ys] = nn.unroll(cell, params, x)
      // Backwards is forwards over the reversed sequence.
      same(nn.unroll(cell, params, x, { reverse: true })[1], flip(nn.unroll(cell, params, flip(x, { axis: 1 }))[1], { axis: 1 }))
      const both = nn.bidirectional(cell, { merge: 'add' })
      const turned = both.apply({ forward: params, backward: params }, flip(x, { axis: 1 }))
      same(flip(turned, { axis: 1 }), both.apply({ forward: params, backward: params }, x))
      // Two pieces are the whole.
      const [half, first] = nn.unroll(cell, params, sliceAxis(x, 0, 2, { axis: 1 }))
      const [end, second] = nn.unroll(cell, params, sliceAxis(x, 2, 4, { axis: 1 }), { carry: half })
      same(concatenate([first, second], { axis: 1 }), ys)
      same(cell.output(end), cell.output(carry))
      // Padding does not count: a shorter sequence has the result of itself.
      const mask = nn.sequenceMask(array([2, 4], { dtype: 'int32' }), 4)
      same(sliceAxis(nn.recurrent(cell, { returnSequences: false }).apply(params, x, { mask }), 0, 1), sliceAxis(cell.output(half), 0, 1))
    })
  }
  it('bidirectional: forwards, and backwards over each reversed sequence of its own length', () => {
    const cell = fc.constantFrom(...(Object.values(cells) as unknown as nn.Cell<unknown, unknown>[]))
    fc.assert(
      fc.property(cell, fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }), (any, lengths) => {
        const n = lengths.length,
          params = { forward: any.init(random.key(1), 3), backward: any.init(random.key(2), 3) },
          x = normal([n, 4, 3])
        const y = nn.bidirectional(any).apply(params, x, { mask: nn.sequenceMask(array(lengths, { dtype: 'int32' }), 4) })
        lengths.forEach((t, i) => {
          const own = sliceAxis(sliceAxis(x, i, i + 1), 0, t, { axis: 1 })
          const there = nn.unroll(any, params.forward, own)[1],
            back = flip(nn.unroll(any, params.backward, flip(own, { axis: 1 }))[1], { axis: 1 })
          same(sliceAxis(sliceAxis(y, i, i + 1), 0, t, { axis: 1 }), concatenate([there, back], { axis: 2 }), 1e-5)
        })
      }),
      few,
    )
  })
  it('steps one by one are the scan; it trains under jit', () => {
    const cell = cells.lstm,
      params = cell.init(key, 3),
      x = normal([2, 3, 3])
    let carry = cell.start(2)
    for (const t of [0, 1, 2])
      carry = cell.advance(params, carry, cell.project(params, sliceAxis(x, t, t + 1, { axis: 1 }).reshape([2, 3])))
    same(cell.output(carry), nn.lstm(2, { returnSequences: false }).apply(params, x))
    const loss = (p: nn.Recurrent): Tensor => sum(nn.lstm(2).apply(p, x))
    const [value, g] = jit(valueAndGrad(loss))(params)
    same(value, loss(params))
    same(g.kernel, grad(loss)(params).kernel, 1e-5)
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

describe('shapes', () => {
  const x = normal([2, 3, 4, 2])
  it('functions that change them', () => {
    same(nn.crop([1, [0, 2]])(nn.zeroPad([1, [0, 2]])(x)), x)
    same(nn.permute(2, 1, 3)(nn.permute(2, 1, 3)(x)), x)
    same(nn.upsample(2)(x), nn.resize([6, 8])(x))
    expect(nn.upsample([2, 1], { method: 'linear' })(x).shape).toEqual([2, 6, 4, 2])
    expect(nn.repeatVector(3)(normal([2, 5])).shape).toEqual([2, 3, 5])
    expect(nn.reshapeTo([6, -1])(x).shape).toEqual([2, 6, 4])
    same(
      nn.takeFirst(nn.classToken().apply({ token: arange(2).astype('float32') }, normal([2, 3, 2]))),
      array([
        [0, 1],
        [0, 1],
      ]),
    )
    same(
      nn.oneHot(array([2, 0, 5], { dtype: 'int32' }), 3),
      array([
        [0, 0, 1],
        [1, 0, 0],
        [0, 0, 0],
      ]),
    )
    expect(nn.oneHot(array([2, 0], { dtype: 'int32' }), 3, { axis: 0 }).shape).toEqual([3, 2])
  })
  it('pools over all places, without padding', () => {
    same(nn.globalAvgPool().apply(null, x), mean(x, { axis: [1, 2] }))
    same(nn.globalMaxPool().apply(null, x), max(x, { axis: [1, 2] }))
    const y = normal([1, 3, 2]),
      start = sliceAxis(y, 0, 2, { axis: 1 }),
      mask = array([[true, true, false]])
    same(nn.globalAvgPool().apply(null, y, { mask }), mean(start, { axis: 1 }))
    same(nn.globalMaxPool().apply(null, y, { mask }), max(start, { axis: 1 }))
  })
  const refused: readonly (readonly [what: string, call: () => unknown, message: RegExp])[] = [
    ['a sequence without time', () => nn.lstm(3).init(key, [4]), /lstm\(3\): needs examples of shape \[t, width\], got \[4\]/],
    [
      'one sequence',
      () => nn.gru(3).apply(nn.gru(3).init(key, [2, 4]).params, zeros([2, 4])),
      /gru\(3\): needs sequences \[n, t, width\], got \[2, 4\]/,
    ],
    [
      'heads that do not divide',
      () => nn.multiHeadAttention(3).init(key, [2, 4]),
      /multiHeadAttention\(3\): 3 heads do not divide a width of 4/,
    ],
    ['groups that do not divide heads', () => nn.multiHeadAttention(4, { groups: 3 }).init(key, [2, 4]), /3 groups do not divide 4 heads/],
    ['groups of channels', () => nn.groupNorm(3).init(key, [2, 2, 4]), /groupNorm\(3\): the groups do not divide 4 channels/],
    [
      'groups of a convolution',
      () => nn.conv2d(4, 3, { groups: 3 }).init(key, [5, 5, 4]),
      /conv2d\(4\): 3 groups do not divide 4 channels/,
    ],
    [
      'a window that does not fit',
      () => nn.maxPool2d(5).init(key, [4, 4, 1]),
      /maxPool2d: a window of 5 does not fit into axis 0 of \[4, 4\]/,
    ],
    ['too many positions', () => nn.learnedPositions(3).init(key, [4, 2]), /learnedPositions\(3\): has no vectors for 4 positions/],
    [
      'ids that are floats',
      () => nn.embedding(3, 2).apply({ table: zeros([3, 2]) }, zeros([1])),
      /embedding\(3, 2\): needs integer ids, got float32/,
    ],
    ['a stride of none', () => nn.conv1d(2, 3, { strides: 0 }), /needs a positive integer/],
    ['units of no number', () => nn.dense(2.5), /dense\(2\.5\): units must be a positive integer, got 2\.5/],
    ['no filters', () => nn.conv2dTranspose(0, 3), /conv2dTranspose\(0\): filters must be a positive integer/],
    ['no groups', () => nn.conv2d(4, 3, { groups: 0 }), /conv2d\(4\): groups must be a positive integer/],
    [
      'a mask of other sequences',
      () => nn.gru(3).apply(nn.gru(3).init(key, [2, 4]).params, zeros([3, 2, 4]), { mask: ones([2, 2], { dtype: 'bool' }) }),
      /gru\(3\): the mask of sequences \[3, 2, 4\] has the shape \[3, 2\], got \[2, 2\]\. Make it by sequenceMask\(lengths, 2\)/,
    ],
    ['no depth', () => nn.transformerEncoder(-1, { heads: 2 }), /transformerEncoder: depth must be a positive integer/],
    ['no heads', () => nn.multiHeadAttention(0).init(key, [2, 4]), /multiHeadAttention\(0\): heads must be/],
    ['no cells', () => nn.lstm(0).init(key, [2, 4]), /lstm\(0\): units must be/],
    [
      'padding of another number of axes',
      () => nn.conv2d(2, 3, { padding: [[1, 1]] }).init(key, [4, 4, 1]),
      /conv2d\(2\): padding is 'SAME', 'VALID', or a pair \[before, after\] for each of 2 axes, got \[\[1,1\]\]/,
    ],
    [
      'one channel that would broadcast',
      () => nn.layerNorm().apply(nn.layerNorm().init(key, [4]).params, zeros([2, 1])),
      /layerNorm: its parameters are for a last axis of 4, got \[2, 1\]/,
    ],
    [
      'features of another number',
      () => nn.dense(3).apply(nn.dense(3).init(key, [4]).params, zeros([2, 5])),
      /dense\(3\): its parameters are for a last axis of 4, got \[2, 5\]/,
    ],
    [
      'one sequence for attention',
      () => nn.multiHeadAttention(2).apply(nn.multiHeadAttention(2).init(key, [2, 4]).params, zeros([2, 4])),
      /multiHeadAttention\(2\): needs sequences \[n, t, width\], got \[2, 4\]/,
    ],
    [
      'more sequences than the cache has',
      () => {
        const layer = nn.multiHeadAttention(1, { cache: { batch: 1, length: 2 } }),
          { params, state } = layer.init(key, [2, 4])
        return layer.step(params, state, zeros([2, 1, 4]))
      },
      /the cache holds 1 sequences of 2/,
    ],
    ['odd rotations', () => nn.rotary(zeros([1, 1, 1, 3]), arange(1)), /rotary: the width must be even, got 3/],
    ['nothing left', () => nn.crop(2)(x), /crop: nothing would stay/],
  ]
  for (const [what, call, message] of refused) it(`refuses ${what}`, () => expect(call).toThrow(message))
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
