/** Tokenizers come back to the text; counts are those of scikit-learn's formulas. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import {
  bagOfWords,
  bpeTokenizer,
  charTokenizer,
  charVocabulary,
  inverseDocumentFrequencies,
  padSequences,
  tfIdf,
  trainBpe,
  wordTokenizer,
  wordVocabulary,
} from '../../src/data/index.ts'
import { readFixtures } from '../support/fixtures.ts'

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('a', 'b', ' ', '1', "'", '\n', '😀', '\uFEFF'), maxLength: 30 }),
)

describe('characters', () => {
  it('come back', () => {
    fc.assert(
      fc.property(text, s => void expect(charTokenizer(charVocabulary(s)).decode(charTokenizer(charVocabulary(s)).encode(s))).toBe(s)),
    )
    const t = charTokenizer(charVocabulary('ba😀a'))
    expect([t.size, [...t.encode('a😀')]]).toEqual([3, [0, 2]])
  })
  it('that are new are refused, or unknown', () => {
    expect(() => charTokenizer(['a']).encode('ab')).toThrow(/"b" is not in the vocabulary. Pass \{ unknown \}/)
    expect([...charTokenizer(['a', '?'], { unknown: '?' }).encode('ab')]).toEqual([0, 1])
    expect(() => charTokenizer(['a']).decode([1])).toThrow(/there is no id 1; ids are 0 to 0/)
  })
})

describe('byte pairs', () => {
  it('any text comes back, whatever was learnt', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), text, fc.integer({ min: 256, max: 290 }), (training, s, size) => {
        const merges = trainBpe(training, size),
          tokenizer = bpeTokenizer(merges)
        const ids = tokenizer.encode(s)
        expect(tokenizer.decode(ids)).toBe(s)
        expect(tokenizer.size).toBeLessThanOrEqual(size)
        expect(ids.length).toBeLessThanOrEqual(new TextEncoder().encode(s).length)
        expect(bpeTokenizer(JSON.parse(JSON.stringify(merges)) as typeof merges).encode(s)).toEqual(ids)
      }),
      { numRuns: 60 },
    )
  })
  it('the most frequent pair first: the example of the paper', () => {
    // low 5, lower 2, newest 6, widest 3 (Sennrich et al., algorithm 1, without their mark of a word's end): es, est, lo, low, ...
    const words = ['low', 'lower', 'newest', 'widest'].flatMap((w, i) => Array.from({ length: [5, 2, 6, 3][i] as number }, () => `${w}\n`))
    const tokenizer = bpeTokenizer(trainBpe(words, 256 + 4))
    expect([256, 257, 258, 259].map(id => tokenizer.decode([id]))).toEqual(['es', 'est', 'lo', 'low'])
    expect([...tokenizer.encode('lowest')]).toEqual([259, 257])
  })
  it('counts stay right while pieces change: equal to counting anew', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 }), { maxLength: 6 }), words => {
        expect(trainBpe(words, 262)).toEqual(slowly(words, 6))
      }),
      { numRuns: 60 },
    )
  })
})

/** The definition, word by word. */
function slowly(words: readonly string[], count: number): readonly (readonly [number, number])[] {
  let lists = words.map(w => [...new TextEncoder().encode(w)])
  const merges: (readonly [number, number])[] = []
  for (let token = 256; token < 256 + count; token++) {
    const counts = new Map<string, number>()
    for (const list of lists)
      for (let i = 1; i < list.length; i++) counts.set(`${list[i - 1]} ${list[i]}`, (counts.get(`${list[i - 1]} ${list[i]}`) ?? 0) + 1)
    const pairs = [...counts].map(([pair, n]) => [pair.split(' ').map(Number) as [number, number], n] as const)
    const best = pairs.sort(([[a, b], n], [[c, d], m]) => m - n || a - c || b - d)[0]?.[0]
    if (best === undefined) break
    merges.push(best)
    lists = lists.map(list => {
      const out: number[] = []
      for (let i = 0; i < list.length; i++)
        if (list[i] === best[0] && list[i + 1] === best[1] && ++i) out.push(token)
        else out.push(list[i] as number)
      return out
    })
  }
  return merges
}

describe('words', () => {
  const texts = ["It's a dog, a DOG!", 'a cat']
  it('by frequency, with padding and unknown', () => {
    const vocabulary = wordVocabulary(texts)
    expect(vocabulary).toEqual(['<pad>', '<unk>', 'a', 'dog', 'cat', "it's"])
    const t = wordTokenizer(vocabulary)
    expect([...t.encode('A bird, a dog')]).toEqual([2, 1, 2, 3])
    expect(t.decode([2, 3, 0, 0])).toBe('a dog')
    expect(wordVocabulary(texts, { size: 4 })).toHaveLength(4)
    expect(wordVocabulary(texts, { minCount: 2, lowerCase: false })).toEqual(['<pad>', '<unk>', 'a'])
  })
  it('padded to one length', () => {
    expect(padSequences([[1, 2, 3], [], [4]], { length: 2 })).toEqual({
      tokens: { data: Int32Array.of(1, 2, 0, 0, 4, 0), shape: [3, 2] },
      lengths: Int32Array.of(2, 0, 1),
    })
    expect(padSequences([[1], [2, 3]], { value: 9 }).tokens).toEqual({ data: Int32Array.of(1, 9, 2, 3), shape: [2, 2] })
  })
  it('as bags, weighted by tf-idf as scikit-learn does', () => {
    expect(bagOfWords([[2, 3, 2, 0], []], 4)).toEqual({ data: Float32Array.of(0, 0, 2, 1, 0, 0, 0, 0), shape: [2, 4] })
    const { tfIdf: known } = readFixtures<{
      readonly tfIdf: { readonly counts: readonly number[][]; readonly idf: readonly number[]; readonly rows: readonly number[][] }
    }>('data.json')
    const counts = { data: Float32Array.from(known.counts.flat()), shape: [4, 3] },
      idf = inverseDocumentFrequencies(counts)
    known.idf.forEach((v, i) => expect(idf[i]).toBeCloseTo(v, 6))
    const parts = known.counts.map(row => ({ data: Float32Array.from(row), shape: [1, 3] }))
    expect(inverseDocumentFrequencies(parts)).toEqual(idf)
    expect(inverseDocumentFrequencies([])).toEqual(new Float32Array())
    known.rows.flat().forEach((v, i) => expect(tfIdf(counts, idf).data[i]).toBeCloseTo(v, 6))
  })
})
