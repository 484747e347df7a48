/** Augmentation: what it may do to an example and what not, the same under jit, and that the key decides. */
import { describe, expect, it } from 'vitest'
import { type Tensor, arange, array, flip, init, jit, ones, random, zeros } from '@cotangent/core'
import { cutout, mixup, randomCrop, randomFlip, randomNoise, randomRotate, specAugment } from '../../src/data/index.ts'

await init({ backend: 'reference' })

const key = random.key(5)
const list = (t: Tensor): readonly number[] => [...t.dataSync()]
/** Rows of the first axis, as text to compare. */
const rows = (t: Tensor): readonly string[] => {
  const data = list(t),
    width = t.size / (t.shape[0] as number)
  return Array.from({ length: t.shape[0] as number }, (_, i) => data.slice(i * width, (i + 1) * width).join())
}
const images = arange(1, 16 * 4 * 4 + 1, { dtype: 'float32' }).reshape([16, 4, 4, 1])
const functions: Readonly<Record<string, (k: typeof key, x: Tensor) => Tensor>> = {
  flip: (k, x) => randomFlip(k, x),
  crop: (k, x) => randomCrop(k, x, { padding: 1 }),
  rotate: (k, x) => randomRotate(k, x, 20),
  noise: (k, x) => randomNoise(k, x, 0.1),
  cutout: (k, x) => cutout(k, x, 2),
  mixup: (k, x) => mixup(k, x, x)[0],
  spec: (k, x) => specAugment(k, x.reshape([16, 4, 4]), { timeWidth: 2, bandWidth: 2 }),
}

describe('augmentation', () => {
  it.each(Object.entries(functions))('%s: the key decides, under jit too', (_, f) => {
    const once = f(key, images)
    expect(list(jit(f)(key, images))).toEqual(list(once))
    expect(list(f(random.key(6), images))).not.toEqual(list(once))
    expect(once.size).toBe(images.size)
  })
  it('flip mirrors some images, and leaves the others', () => {
    for (const direction of ['horizontal', 'vertical'] as const) {
      const mirrored = rows(flip(images, { axis: direction === 'horizontal' ? 2 : 1 }))
      const kinds = rows(randomFlip(key, images, { direction })).map((row, i) =>
        row === mirrored[i] ? 'm' : row === rows(images)[i] ? '=' : '?',
      )
      expect([...new Set(kinds)].sort()).toEqual(['=', 'm'])
    }
    expect(rows(randomFlip(key, images, { p: 0 }))).toEqual(rows(images))
  })
  it('crop takes windows; all places occur', () => {
    const many = zeros([64, 3, 3, 1]).add(arange(9).reshape([1, 3, 3, 1]))
    const windows = new Set(rows(randomCrop(key, many, { size: [2, 2] })))
    expect([...windows].sort()).toEqual(['0,1,3,4', '1,2,4,5', '3,4,6,7', '4,5,7,8'])
    expect(rows(randomCrop(key, images))).toEqual(rows(images))
    expect(() => randomCrop(key, images, { size: [5, 4] })).toThrow(/no windows of 5 x 4/)
  })
  it('rotation by nothing is nothing, keeps a disc, and moves a corner', () => {
    list(randomRotate(key, images, 0)).forEach((v, i) => expect(v).toBeCloseTo(i + 1, 3))
    const disc = array([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]).reshape([1, 5, 5, 1])
    expect(randomRotate(key, disc, 45).at(0, 2, 2, 0).get().item()).toBeCloseTo(1, 5)
    const turned = randomRotate(key, ones([8, 6, 6, 2]), 45)
    expect(turned.at('...', 0, 0, 0).get().min().item()).toBeLessThan(0.9)
    expect(turned.max().item()).toBeLessThanOrEqual(1.0001)
  })
  it('cutout zeros at most a square', () => {
    const zerosOf = rows(cutout(key, images, 2)).map(row => row.split(',').filter(v => v === '0').length)
    expect(zerosOf.every(n => [1, 2, 4].includes(n))).toBe(true)
    expect(zerosOf).toContain(4)
  })
  it('mixup mixes examples and labels alike', () => {
    const labels = ones([16, 1]).mul(arange(16).reshape([16, 1]))
    const [x, y] = mixup(key, images.reshape([16, 16]), labels)
    // The first pixel is 16 i + 1.
    const first = rows(x).map(row => (Number(row.split(',')[0]) - 1) / 16)
    list(y).forEach((v, i) => expect(v).toBeCloseTo(first[i] as number, 4))
    expect(() => mixup(key, images, zeros([3, 1]))).toThrow(/16 examples, but 3 labels/)
  })
  it('SpecAugment masks whole frames and bands, no more than it may', () => {
    const masked = (options: Parameters<typeof specAugment>[2]): Tensor => specAugment(key, ones([32, 12, 6]), options)
    const frames = masked({ timeMasks: 1, timeWidth: 3, bandMasks: 0 })
    const counts = list(frames.sum({ axis: [1, 2] })).map(n => (72 - n) / 6)
    expect([...new Set(counts)].sort()).toEqual([0, 1, 2, 3])
    expect(list(frames.max({ axis: 2 }))).toEqual(list(frames.min({ axis: 2 })))
    const bands = masked({ timeMasks: 0, bandMasks: 1, bandWidth: 9, value: -1 })
    expect(list(bands.max({ axis: 1 }))).toEqual(list(bands.min({ axis: 1 })))
    expect(() => specAugment(key, ones([2, 2]))).toThrow(/needs spectra \[n, t, bands\], got \[2, 2\]/)
  })
})
