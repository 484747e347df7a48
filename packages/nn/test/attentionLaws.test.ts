/** What must hold of attention and of caches, whatever their sizes. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import {
  type Tensor,
  arange,
  array,
  concatenate,
  grad,
  init,
  jit,
  ones,
  random,
  repeat,
  sliceAxis,
  sum,
  where,
  zeros,
} from '@cotangent/core'
import * as nn from '@cotangent/nn'
import { few, normal, same } from './support/laws.ts'
import { close } from './support/numbers.ts'

await init({ backend: 'reference' })

const key = random.key(5)
const size = fc.integer({ min: 1, max: 4 })

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
