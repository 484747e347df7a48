/** The digits that the build put beside the page: four gzipped IDX files. */
import { type Mnist, parseDigits } from '../lib/digits.ts'

/** Their names, in the order in which `parseDigits` takes them. */
export const fileNames = {
  train: ['train-images.bin', 'train-labels.bin'],
  test: ['test-images.bin', 'test-labels.bin'],
} as const

export type DigitAddresses = Readonly<Record<keyof typeof fileNames, readonly [images: string, labels: string]>>

/** `addresses` are those of the files, in the same form. */
export async function fetchDigits(addresses: DigitAddresses): Promise<Mnist> {
  const part = async (name: keyof typeof fileNames) => {
    const [images, labels] = await Promise.all(addresses[name].map(fetchFile))
    return parseDigits(name, images as Uint8Array, labels as Uint8Array)
  }
  const [train, test] = await Promise.all([part('train'), part('test')])
  return { train, test }
}

async function fetchFile(url: string): Promise<Uint8Array> {
  const response = await fetch(url)
  if (!response.ok || response.body === null) throw new Error(`${url} cannot be read (${response.status}). Build the page again.`)
  return new Uint8Array(await new Response(response.body.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer())
}
