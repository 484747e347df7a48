/** Writing character by character is the network that learns on whole blocks. */
import { type TreeOf, array, random } from '@cotangent/core'
import { describe, expect, it } from 'vitest'
import { type LanguageModel, recurrentNetwork, transformer } from './models.ts'
import { write } from './write.ts'

const sizes = { depth: 2, heads: 2, width: 8, block: 8 }
const CHARACTERS = 5

function check<P extends TreeOf<P>, S extends TreeOf<S>>(model: LanguageModel<P, S>): void {
  const { params } = model.network.init(random.key(0), [sizes.block])
  const ids = [3, 1, 4, 1, 0, 2]
  const all = model.network.apply(params, array([ids], { dtype: 'int32' })).dataSync()
  const whole = ids.map((_, i) => Array.from(all.subarray(i * CHARACTERS, (i + 1) * CHARACTERS), Number))
  let state = model.begin()
  for (const [i, id] of ids.entries()) {
    const [logits, next] = model.read(params, state, array([[id]], { dtype: 'int32' }))
    state = next
    logits.dataSync().forEach((v, c) => expect(v).toBeCloseTo(whole[i]?.[c] as number, 4))
  }
  // Nearly no temperature: the most probable character is drawn.
  const best = (row: readonly number[]): number => row.indexOf(Math.max(...row))
  const writing = { prompt: Int32Array.from(ids.slice(0, 4)), length: 12, temperature: 1e-6, key: random.key(1) }
  const written = write(model, params, writing)
  expect([written.length, written[0]]).toEqual([12, best(whole[3] as number[])])
  expect([...written].every(id => id >= 0 && id < CHARACTERS)).toBe(true)
}

describe('reading one character at a time gives the logits of the whole block', () => {
  it('transformer, with its cache', () => check(transformer(CHARACTERS, sizes)))
  it('LSTM, with its carry', () => check(recurrentNetwork(CHARACTERS, sizes)))
})
