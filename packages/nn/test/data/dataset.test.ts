/** Datasets: every example once, whatever is done with them. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { array, init, random } from '@cotangent/core'
import { type Batches, batches, dataset, filter, kFold, shard, shuffle, sliceOf, splitDataset, tensorsOf } from '../../src/data/index.ts'

await init({ backend: 'reference' })

/** Example i is [i, i + 1/2], labelled i. */
const numbered = (n: number) =>
  dataset({
    x: { data: Float32Array.from({ length: 2 * n }, (_, i) => i / 2), shape: [n, 2] },
    label: Int32Array.from({ length: n }, (_, i) => i),
  })
const labels = (d: ReturnType<typeof numbered>): readonly number[] => [...tensorsOf(d).label.dataSync()]
const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i)
const sorted = (list: readonly number[]): readonly number[] => list.toSorted((a, b) => a - b)
const run = { numRuns: 25 }
const size = fc.integer({ min: 1, max: 12 }),
  seed = fc.nat(1000)

describe('datasets', () => {
  it('batches give every example once, in order, from any batch on', () => {
    fc.assert(
      fc.property(size, size, fc.nat(4), fc.boolean(), (n, b, skip, dropLast) => {
        const all = batches(numbered(n), b, { dropLast }),
          read = (some: Batches<{ readonly label: { dataSync(): ArrayLike<number> } }>) =>
            [...some].map(t => Array.from(t.label.dataSync()))
        const lists = read(all)
        expect(lists.flat()).toEqual(upTo(dropLast ? n - (n % b) : n))
        expect(lists.every((list, i) => list.length === b || (!dropLast && i === lists.length - 1))).toBe(true)
        expect(all.length).toBe(lists.length)
        expect(read(all.drop(skip))).toEqual(lists.slice(skip))
        expect(all.drop(skip)).toHaveLength(Math.max(0, lists.length - skip))
      }),
      run,
    )
  })
  it('columns stay together; dtypes and shapes are those given', () => {
    const { x, label } = tensorsOf(shuffle(random.key(1), numbered(5)))
    expect([x.shape, x.dtype, label.dtype]).toEqual([[5, 2], 'float32', 'int32'])
    expect([...x.dataSync()]).toEqual([...label.dataSync()].flatMap(i => [i, i + 0.5]))
    const half = dataset({ a: array([1.5, 2], { dtype: 'bfloat16' }), b: { data: Uint8Array.of(1, 0), shape: [2], dtype: 'bool' } })
    expect(Object.values(tensorsOf(half)).map(t => t.dtype)).toEqual(['bfloat16', 'bool'])
  })
  it('shuffle, split and k-fold are partitions that the key decides', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 30 }), fc.integer({ min: 2, max: 4 }), seed, (n, k, s) => {
        const d = numbered(n),
          key = random.key(s)
        expect(sorted(labels(shuffle(key, d)))).toEqual(upTo(n))
        expect(labels(shuffle(key, d))).toEqual(labels(shuffle(key, d)))
        const parts = splitDataset(d, [0.5, 0.3, 0.2], { key })
        expect(sorted(parts.flatMap(labels))).toEqual(upTo(n))
        expect(Math.abs(parts[0].rows.length - n / 2)).toBeLessThanOrEqual(0.5)
        const folds = kFold(d, k, { key })
        expect(sorted(folds.flatMap(f => labels(f.validation)))).toEqual(upTo(n))
        for (const f of folds) expect(sorted([...labels(f.train), ...labels(f.validation)])).toEqual(upTo(n))
        const sizes = folds.map(f => f.validation.rows.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        expect(sorted(upTo(k).flatMap(rank => labels(shard(d, rank, k))))).toEqual(upTo(n))
      }),
      run,
    )
  })
  it('parts by number and by a rule', () => {
    const d = numbered(6)
    expect(labels(sliceOf(d, 1, 3))).toEqual([1, 2])
    expect(labels(sliceOf(d, -2))).toEqual([4, 5])
    expect(labels(filter(d, i => d.columns.label.data[i] !== 3))).toEqual([0, 1, 2, 4, 5])
  })
  it('refuses what does not fit', () => {
    expect(() => dataset({ a: Int32Array.of(1), b: Int32Array.of(1, 2) })).toThrow(/a has 1 examples, but b has 2/)
    expect(() => dataset({ a: { data: Int32Array.of(1, 2, 3), shape: [2, 2] } })).toThrow(/a has shape \[2, 2\] and 3 elements/)
    expect(() => dataset({})).toThrow(/at least one column/)
    expect(() => batches(numbered(2), 0)).toThrow(/positive integer, got 0/)
    expect(() => kFold(numbered(3), 4)).toThrow(/k must be an integer from 2 to 3/)
    expect(() => splitDataset(numbered(3), [0.5, 0.4])).toThrow(/add up to 1/)
    expect(() => shard(numbered(3), 2, 2)).toThrow(/rank from 0 to size - 1, got 2 of 2/)
  })
})
