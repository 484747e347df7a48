/** The program: what can be learnt of digits without labels. The same source in Node and in a page. */
import { type Key, type Tensor, jit, random } from '@cotangent/core'
import { adam, fit, initTrainState, meanOver, sigmoid, trainStep } from '@cotangent/nn'
import { type Dataset, type HostArray, batches, dataset, sliceOf, tensorsOf } from '@cotangent/nn/data'
import { pngGrid } from '../lib/charts/png.ts'
import { reportFit } from '../lib/classify.ts'
import { type Digits, SIDE } from '../lib/digits.ts'
import type { Host } from '../lib/host/host.ts'
import { readFewDigits, readMnist } from '../lib/mnist-files.ts'
import { onBackend, printResults, writeOutput } from '../lib/program.ts'
import { type CoderParams, type Widths, coder, initCoder, negativeBound, reconstructionLoss } from './autoencoders.ts'
import { kMeans, nearest, purity } from './kmeans.ts'
import { numpyVariances } from './numpy-pca.ts'
import type { Options } from './options.ts'
import { components, reconstructed, squaredError } from './pca.ts'

const PIXELS = SIDE * SIDE
const COMPONENTS = 32
const SHOWN = 20

/** Images without labels: `[n, 784]`. */
type Images = Dataset<{ readonly x: HostArray }>
const imagesOf = ({ images, count }: Digits): Images => dataset({ x: { data: images, shape: [count, PIXELS] } })

export async function main(options: Options, host: Host): Promise<void> {
  const digits = await (options.fast ? readFewDigits(host, options.data, 128, 64) : readMnist(host, options.data))
  const train = imagesOf(digits.train),
    test = imagesOf(digits.test)
  await onBackend(options, host, async backend => {
    host.print(`unsupervised: ${train.rows.length} digits without labels, on the ${backend} backend`)
    const [pcaKey, clusterKey, coderKey, vaeKey] = random.split(random.key(options.seed), 4)
    const all = tensorsOf(train).x,
      shown = tensorsOf(sliceOf(test, 0, SHOWN)).x
    const count = options.fast ? 2 : COMPONENTS
    const principal = components(all, count, pcaKey, options.fast ? 2 : 20)
    const pcaError = squaredError(tensorsOf(test).x, reconstructed(tensorsOf(test).x, principal)).item()
    host.print(`${count} principal components leave ${pcaError.toFixed(2)} of the squared distance from the mean image`)

    const { centres } = kMeans(options.fast ? 10 : 64, options.fast ? 2 : 25)(all, clusterKey)
    const clusters = nearest(tensorsOf(test).x, centres).dataSync() as Int32Array
    await picture(host, options.out, 'centres.png', centres)

    const run = { host, train, test, fast: options.fast }
    const auto = await autoencoder(run, coderKey)
    await picture(host, options.out, 'reconstructions.png', shown, reconstructed(shown, principal), auto.reconstruct(shown))
    const vae = await variational(run, vaeKey)
    await picture(host, options.out, 'samples.png', vae.samples)
    printResults(host, {
      'pca difference': largestDifference(principal.variances),
      'pca error': pcaError,
      'cluster purity': purity(clusters, digits.test.labels),
      'autoencoder error': squaredError(tensorsOf(test).x, auto.reconstruct(tensorsOf(test).x)).item(),
      'vae bound': vae.bound,
    })
  })
}

interface Run {
  readonly host: Host
  readonly train: Images
  readonly test: Images
  readonly fast: boolean
}
type Loss = (params: CoderParams, x: Tensor, key: Key) => Tensor

async function autoencoder(run: Run, key: Key) {
  const model = coder(run.fast ? NARROW : { hidden: 256, code: COMPONENTS })
  const params = await trained(run, 'autoencoder', initCoder(model, key), (p, x) => reconstructionLoss(model, p, x), key)
  const reconstruct = jit((p: CoderParams, x: Tensor) => sigmoid(model.decoder.apply(p.decoder, model.encoder.apply(p.encoder, x))))
  return { reconstruct: (x: Tensor): Tensor => reconstruct(params, x) }
}

/** The mean bound of the test images, and what the decoder makes of codes from the standard normal distribution. */
async function variational(run: Run, key: Key) {
  const widths = run.fast ? NARROW : { hidden: 400, code: 20 },
    model = coder(widths, 2 * widths.code)
  const [trainKey, testKey, sampleKey] = random.split(key, 3)
  const params = await trained(run, 'vae', initCoder(model, trainKey), (p, x, k) => negativeBound(model, p, x, k), trainKey)
  const bound = jit((p: CoderParams, x: Tensor, k: Key) => ({ bound: negativeBound(model, p, x, k) }))
  const scores = await meanOver(numbered(batches(run.test, BATCH), testKey), ({ x, k }) => bound(params, x, k))
  const codes = random.normal(sampleKey, [60, widths.code])
  return { bound: scores['bound'] ?? NaN, samples: sigmoid(model.decoder.apply(params.decoder, codes)) }
}
const NARROW: Widths = { hidden: 16, code: 4 }
const BATCH = 64

/** A key for each batch. */
function* numbered(source: Iterable<{ readonly x: Tensor }>, key: Key): Generator<{ readonly x: Tensor; readonly k: Key }> {
  let i = 0
  for (const { x } of source) yield { x, k: random.foldIn(key, i++) }
}

async function trained({ host, train, fast }: Run, title: string, start: CoderParams, loss: Loss, key: Key): Promise<CoderParams> {
  const optimizer = adam(1e-3),
    epochs = fast ? 1 : 10,
    [stepKey, orderKey] = random.split(key)
  const step = trainStep(
    (params: CoderParams, state: null, { x }: { readonly x: Tensor }, k) => ({ loss: loss(params, x, k), state }),
    optimizer,
  )
  const { state } = await fit(
    step,
    initTrainState(optimizer, start, null, stepKey),
    epoch => batches(train, BATCH, { key: random.foldIn(orderKey, epoch) }),
    { epochs, onEvent: reportFit(host, title, epochs * Math.ceil(train.rows.length / BATCH)) },
  )
  return state.params
}

/** From NumPy's variances. */
function largestDifference(found: Tensor): number {
  const differences = Array.from(found.dataSync(), (v, i) => Math.abs(Number(v) - (numpyVariances[i] as number)))
  return Math.max(...differences)
}

/** Images `[n, 784]`, a row of pictures for each 20. */
async function picture(host: Host, folder: string, name: string, ...images: readonly Tensor[]): Promise<void> {
  const values = images.flatMap(t => Array.from(t.dataSync(), Number))
  await writeOutput(host, folder, name, pngGrid(values, { width: SIDE, height: SIDE, columns: SHOWN }))
}
