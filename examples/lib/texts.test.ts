/** Corpora are checked; batches of texts cover them; bags are weighted as tf-idf. */
import { createHash } from 'node:crypto'
import { random } from '@cotangent/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ExampleBatch } from './classify.ts'
import { readCorpus, readJson } from './corpus.ts'
import { type Texts, bagRows, pick, sequenceRows, textBatches } from './texts.ts'

describe('a corpus', () => {
  const texts: Readonly<Record<string, string>> = { 'f/a.txt': 'one', 'f/b.txt': 'tw\xf6', 'f/list.json': '["a.txt"]' }
  const files = {
    readFile: (path: string) => {
      const text = texts[path]
      return text === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(new Uint8Array(Buffer.from(text, 'latin1')))
    },
  }
  const corpus = {
    what: 'words',
    names: ['a.txt', 'b.txt'],
    encoding: 'latin1',
    sha256: createHash('sha256').update(Buffer.from('onetw\xf6', 'latin1')).digest('hex'),
  } as const
  it('is the texts of its files, in order', async () => {
    expect(await readCorpus(files, 'f', corpus)).toEqual(['one', 'tw\xf6'])
    expect(await readJson(files, 'words', 'f/list.json')).toEqual(['a.txt'])
  })
  it('is refused when a file is missing, or when the bytes are others', async () => {
    await expect(readCorpus(files, 'f', { ...corpus, names: ['a.txt', 'c.txt'] })).rejects.toThrow(
      /^words: cannot read f\/c\.txt\. Pass --data/,
    )
    await expect(readCorpus(files, 'f', { ...corpus, names: ['a.txt'] })).rejects.toThrow(/^words: the files in f are damaged or others/)
  })
})

describe('batches of texts', () => {
  const numbered = (count: number): Texts => ({
    tokens: Array.from({ length: count }, (_, i) => Int32Array.of(i + 1, i + 1, 0)),
    labels: Int32Array.from({ length: count }, (_, i) => i),
  })
  const labelsOf = (batches: Iterable<ExampleBatch>): number[] => [...batches].flatMap(b => Array.from(b.labels.dataSync(), Number))

  it('have every text once without a key, and with one every text but the rest, never less than a batch', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 10 }), (count, size) => {
        const texts = numbered(count),
          rows = sequenceRows(2)
        expect(labelsOf(textBatches(texts, rows, size))).toEqual(Array.from(texts.labels))
        const drawn = labelsOf(textBatches(texts, rows, size, random.key(count)))
        expect(new Set(drawn).size).toBe(drawn.length)
        expect(drawn.length).toBe(count < size ? count : count - (count % size))
      }),
      { numRuns: 20 },
    ))
  it('have the tokens of their labels, cut and filled up', () => {
    const [batch] = [...textBatches(pick(numbered(3), [2, 0]), sequenceRows(2), 8)]
    expect([[...(batch?.x.dataSync() ?? [])], [...(batch?.labels.dataSync() ?? [])]]).toEqual([
      [3, 3, 1, 1],
      [2, 0],
    ])
  })
  it('bags: log(1 + count) times ln((1 + n) / (1 + df)) + 1, of length one', () => {
    const texts: Texts = { tokens: [Int32Array.of(2, 3, 3), Int32Array.of(2)], labels: Int32Array.of(0, 1) }
    const { data, shape } = bagRows(texts, 4)(texts.tokens)
    const rare = Math.log(3) * (Math.log(3 / 2) + 1),
      norm = Math.hypot(Math.log(2), rare)
    expect(shape).toEqual([2, 4])
    const wanted = [0, 0, Math.log(2) / norm, rare / norm, 0, 0, 1, 0]
    wanted.forEach((w, i) => expect(data[i]).toBeCloseTo(w, 6))
  })
})
