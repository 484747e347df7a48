/** Streams: the laws of their parts, reading ahead, and batches from a worker. */
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { init, random } from '@cotangent/core'
import { streams, workerBatches } from '../../src/data/index.ts'
import type { Source } from '../../src/index.ts'

await init({ backend: 'reference' })

const all = async <T>(source: Source<T>): Promise<readonly T[]> => {
  const out: T[] = []
  for await (const x of source) out.push(x)
  return out
}
const size = fc.integer({ min: 1, max: 6 })
const run = { numRuns: 25 }

describe('streams', () => {
  it('map, take, repeat, chunk and shard are those of lists', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9), { maxLength: 12 }), size, async (xs, n) => {
        expect(await all(streams.map(xs, async (x, i) => x + i))).toEqual(xs.map((x, i) => x + i))
        expect(await all(streams.take(xs, n))).toEqual(xs.slice(0, n))
        expect(
          await all(
            streams.take(
              streams.repeat(() => [1, 2]),
              n,
            ),
          ),
        ).toEqual([1, 2, 1, 2, 1, 2].slice(0, n))
        const chunks = await all(streams.chunk(xs, n))
        expect(chunks.flat()).toEqual(xs)
        expect(chunks.every((c, i) => c.length === n || i === chunks.length - 1)).toBe(true)
        const parts = await Promise.all(Array.from({ length: n }, (_, rank) => all(streams.shard(xs, rank, n))))
        expect(parts.flat().toSorted()).toEqual(xs.toSorted())
        expect(parts[0]).toEqual(xs.filter((_, i) => i % n === 0))
        expect(
          await all(
            streams.prefetch(
              streams.map(xs, x => x),
              n,
            ),
          ),
        ).toEqual(xs)
      }),
      run,
    ))
  it('shuffle gives each once, by the key, and no later than the buffer allows', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 30 }), size, fc.nat(99), async (n, buffer, seed) => {
        const xs = Array.from({ length: n }, (_, i) => i),
          shuffled = await all(streams.shuffle(xs, buffer, random.key(seed)))
        expect(shuffled.toSorted((a, b) => a - b)).toEqual(xs)
        expect(await all(streams.shuffle(xs, buffer, random.key(seed)))).toEqual(shuffled)
        expect(shuffled.every((x, i) => x <= i + buffer)).toBe(true)
      }),
      { numRuns: 6 },
    ))
  it('prefetch asks ahead, passes failures on in their place, and ends its source', async () => {
    const asked: number[] = []
    let ended = false
    async function* source() {
      try {
        for (let i = 0; ; i++) {
          asked.push(i)
          if (i === 5) throw new Error('broken')
          yield i
        }
      } finally {
        ended = true
      }
    }
    const seen: number[] = []
    const read = async (until: number): Promise<void> => {
      for await (const x of streams.prefetch(source(), 2)) {
        seen.push(x)
        if (x === until) return
      }
    }
    await read(1)
    expect([seen, ended, Math.max(...asked) >= 2]).toEqual([[0, 1], true, true])
    await expect(read(9)).rejects.toThrow('broken')
    expect(seen).toEqual([0, 1, 0, 1, 2, 3, 4])
    await expect(all(streams.chunk([1], 0))).rejects.toThrow(/chunk: needs a positive integer, got 0/)
  })
})

describe('a worker', () => {
  let worker: Worker
  beforeAll(() => void (worker = new Worker(new URL('loader.ts', import.meta.url), { execArgv: ['--conditions=source'] })))
  afterAll(() => worker.terminate())
  const firsts = async (options: object, until = Infinity): Promise<readonly number[]> => {
    const out: number[] = []
    for await (const { x } of workerBatches<{ readonly x: { readonly data: Float32Array; readonly shape: readonly number[] } }>(worker, {
      options,
    })) {
      out.push(x.dataSync()[1] as number)
      if (out.length === until) break
    }
    return out
  }
  it('gives its batches in order, several streams at once, again and again', async () => {
    expect(await Promise.all([firsts({ from: 0, to: 7 }), firsts({ from: 10, to: 12 })])).toEqual([
      [0, 1, 2, 3, 4, 5, 6],
      [10, 11],
    ])
    expect(await firsts({ from: 0, to: 1e9 }, 2)).toEqual([0, 1])
    expect(await firsts({ from: 3, to: 3 })).toEqual([])
  })
  it('whose source fails says so', async () => {
    await expect(firsts({ from: 0, to: 1, fail: true })).rejects.toThrow(/the worker failed: no more/)
    const lost = new Worker('process.exit(3)', { eval: true })
    await expect(workerBatches(lost).next()).rejects.toThrow(/the worker failed: it ended with code 3/)
  })
})
