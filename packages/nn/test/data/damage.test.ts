/** Damaged files and wrong arguments of the data tools: refused by name, never numbers that look right. */
import { zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { CotangentError, array, init, ones, random, zeros } from '@cotangent/core'
import * as data from '@cotangent/nn/data'

await init({ backend: 'reference' })

const { decodeIdx, decodeNpz, decodeSafetensors, decodeWav } = data
const untyped = (x: unknown): never => x as never
const key = random.key(0),
  images = ones([2, 4, 4, 1]),
  sound = { sampleRate: 8000, samples: { data: Float32Array.of(0, 1), shape: [2, 1] } } as const

it('one flipped bit anywhere in an npz never gives other numbers', () => {
  for (const compress of [false, true]) {
    const file = data.encodeNpz({ a: array([1, 2, 3]) }, { compress })
    const read = (bytes: Uint8Array): string => {
      try {
        return Object.entries(data.decodeNpz(bytes))
          .map(([name, t]) => `${name}:${[...t.dataSync()].join()}`)
          .join()
      } catch (e) {
        expect(e).toBeInstanceOf(CotangentError)
        return 'refused'
      }
    }
    const answers = new Set<string>()
    for (let bit = 0; bit < 8 * file.length; bit += 3) {
      const bytes = file.slice()
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
      answers.add(read(bytes))
    }
    expect([...answers].sort()).toEqual(['a:1,2,3', 'refused'])
  }
})

it('columns of one name are not taken for each other, and lines may end with CR', () => {
  const table = data.decodeCsv('a,a\r1,2\r3,4\r')
  expect(table.rows).toEqual([
    ['1', '2'],
    ['3', '4'],
  ])
  expect([...data.numbersOf(table).data]).toEqual([1, 2, 3, 4])
  expect(() => data.numbersOf(table, 'a')).toThrow('CSV: there are several columns a among a, a.')
})

describe('is refused', () => {
  it.for<readonly [what: string, f: () => unknown, message: RegExp]>([
    ['an npz of texts', () => data.decodeNpz(zipSync({ 'a.npy': new TextEncoder().encode('hi') }), 'x.npz'), /^x\.npz: a\.npy: /],
    ...Object.entries({ decodeIdx, decodeWav, decodeNpz, decodeSafetensors }).map(
      ([name, decode]) => [name, () => decode(untyped([1, 2])), /needs the bytes of a file as a Uint8Array, got \[1, 2\]/] as const,
    ),
    ['decodeCsv', () => data.decodeCsv(untyped(undefined)), /CSV: needs a text, got undefined/],
    ['encodeIdx', () => data.encodeIdx({ data: Uint8Array.of(1, 2), shape: [5] }), /encodeIdx has shape \[5\] and 2 elements/],
    ['a sample rate', () => data.encodeWav({ ...sound, sampleRate: NaN }), /encodeWav: sampleRate must be a positive integer .* got NaN/],
    ['bits', () => data.encodeWav(sound, { bits: untyped(8) }), /encodeWav: bits must be 16 or 32, got 8/],
    ['a WAV without time', () => data.decodeWav(data.encodeWav(sound).fill(0, 24, 28)), /WAV: has 0 samples a second/],
    ['a list', () => data.dataset({ a: untyped([1, 2]) }), /dataset: a must be a tensor, a typed array, or .* got \[1, 2\]/],
    ['nothing', () => data.dataset({ a: untyped(null) }), /dataset: a must be a tensor, .* got null/],
    ['a direction', () => data.randomFlip(key, images, { direction: untyped('left') }), /randomFlip: unknown direction 'left'/],
    ['a probability', () => data.randomFlip(key, images, { p: NaN }), /randomFlip: p must be a probability, got NaN/],
    ['an angle', () => data.randomRotate(key, images, NaN), /randomRotate: degrees must be finite, got NaN/],
    ['a size', () => data.cutout(key, images, 1.5), /cutout: size must be an integer of at least 0, got 1\.5/],
    ['mixed ids', () => data.mixup(key, images, array([1, 2], { dtype: 'int32' })), /mixup: needs distributions, got int32/],
    ['alpha', () => data.mixup(key, images, zeros([2, 3]), 0), /mixup: alpha must be a number above 0, got 0/],
    ['a width', () => data.specAugment(key, ones([1, 5, 3]), { timeWidth: -1 }), /specAugment: timeWidth must be an integer .* got -1/],
    ['words that there are not', () => data.bagOfWords([[3], [1]], 3), /bagOfWords: ids are 0 to 2, got 3 in list 0/],
    ['an expression for one word', () => data.wordVocabulary(['a b'], { pattern: /\w/ }), /words: pattern \/\\w\/ must be global/],
    ['a vocabulary of bytes', () => data.trainBpe(['ab'], NaN), /trainBpe: size must be a positive integer, got NaN/],
    ['a text of characters', () => data.charTokenizer(untyped('ab')), /charTokenizer: needs a list of characters, got 'ab'/],
    ['a length', () => data.padSequences([[1]], { length: -1 }), /padSequences: length must be an integer of at least 0, got -1/],
  ])('%s', ([, f, message]) => {
    expect(f).toThrow(CotangentError)
    expect(f).toThrow(message)
  })
})
