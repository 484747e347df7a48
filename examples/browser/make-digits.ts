/** Puts a slice of MNIST beside the page, as gzipped IDX files that a browser unpacks itself. Run by the build; needs Node. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { encodeIdx } from '@cotangent/nn/data'
import { nodeFiles } from '../lib/host/node.ts'
import { readMnistFiles } from '../lib/mnist-files.ts'
import { SIDE, packageFolder, parseIdx } from '../lib/mnist.ts'
import { fileNames } from './digits.ts'

/** The first ones of each set. */
export const counts = { train: 10_000, test: 1000 } as const

const compress = promisify(gzip)

/** Writes the four files into a folder, which is made. */
export async function makeDigits(folder: string): Promise<void> {
  const files = await readMnistFiles(nodeFiles, packageFolder())
  await mkdir(folder, { recursive: true })
  const write = async (name: string, bytes: Uint8Array): Promise<void> => writeFile(join(folder, name), await compress(bytes, { level: 9 }))
  const part = (set: keyof typeof counts, images: Uint8Array, labels: Uint8Array): readonly Promise<void>[] => {
    const count = counts[set],
      [imageFile, labelFile] = fileNames[set]
    return [
      write(imageFile, encodeIdx({ shape: [count, SIDE, SIDE], data: parseIdx(set, images, 3).data.subarray(0, count * SIDE * SIDE) })),
      write(labelFile, encodeIdx({ shape: [count], data: parseIdx(set, labels, 1).data.subarray(0, count) })),
    ]
  }
  await Promise.all([...part('train', files.trainImages, files.trainLabels), ...part('test', files.testImages, files.testLabels)])
}
