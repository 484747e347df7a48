/** What must hold of cells and of what unrolls them, whatever the lengths. */
import { describe, it } from 'vitest'
import fc from 'fast-check'
import { type Tensor, array, concatenate, flip, grad, init, jit, random, sliceAxis, sum, valueAndGrad } from '@cotangent/core'
import * as nn from '@cotangent/nn'
import { few, normal, same } from './support/laws.ts'

await init({ backend: 'reference' })

const key = random.key(5)

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
