/** `npx -y pnpm@12 mnist`: the introductory program on real data. Options: --help. */
import { Presets, SingleBar } from 'cli-progress'
import { CotangentError, type BackendName, type TreeOf, init } from '@cotangent/core'
import { type Layer, softmax } from '@cotangent/nn'
import { type Digits, type Mnist, batch, loadMnist, slice } from '../lib/mnist.ts'
import { checkWritable, loadParameters, saveParameters } from '../lib/parameters.ts'
import { type Prediction, drawDigits } from './draw.ts'
import { cnn, mlp } from './models.ts'
import { type Options, parseOptions, usage } from './options.ts'
import { evaluate, train } from './train.ts'

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (options === null) {
    console.log(usage)
    return
  }
  const { model, examples, threads } = options
  await checkWritable(options.save)
  const all = await loadMnist(options.data)
  const data = examples === undefined ? all : { train: slice(all.train, examples), test: all.test }
  const { name, backend, skipped } = await init({ backend: options.backend as BackendName[], ...(threads !== undefined && { threads }) })
  for (const other of skipped) console.log(`${other.name} is not used: ${other.reason}`)
  console.log(`MNIST: ${data.train.count} training and ${data.test.count} test digits, ${model} on the ${name} backend`)
  try {
    await (model === 'mlp' ? run(mlp(), data, options) : run(cnn(), data, options))
  } finally {
    await backend.dispose()
  }
}

async function run<P extends TreeOf<P>>(model: Layer<P>, data: Mnist, options: Options): Promise<void> {
  const { params, testAccuracy } = train(model, data, {
    ...options,
    onProgress: progressBar(),
    onEpoch: (epoch, accuracy, seconds) => console.log(`epoch ${epoch}: test accuracy ${accuracy.toFixed(4)} (${seconds.toFixed(1)} s)`),
  })
  await saveParameters(options.save, params)
  const loaded = await loadParameters(options.save, params)
  console.log(`parameters saved to ${options.save} and loaded again\n`)
  console.log(`${drawDigits(data.test, predict(model, loaded, data.test, [0, 1, 2, 3, 4]), process.stdout.isTTY)}\n`)
  const again = evaluate(model, loaded, data.test)
  if (again !== testAccuracy) throw new CotangentError('InternalError', `loaded parameters give ${again}, not ${testAccuracy}`)
  console.log(`test accuracy ${again.toFixed(4)}`)
}

/** One bar an epoch, in terminals only. */
function progressBar(): NonNullable<Parameters<typeof train>[2]['onProgress']> {
  const bar = new SingleBar(
    {
      format: 'epoch {epoch} {bar} {value}/{total}  loss {loss}  {speed} digits/s',
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      noTTYOutput: false,
    },
    Presets.shades_classic,
  )
  return ({ epoch, step, steps, loss, examplesPerSecond }) => {
    const shown = { epoch, loss: loss.toFixed(4), speed: Math.round(examplesPerSecond).toLocaleString('en') }
    if (bar.isActive) bar.update(step, shown)
    else bar.start(steps, step, shown)
    if (step === steps) bar.stop()
  }
}

function predict<P>(model: Layer<P>, params: P, test: Digits, indices: readonly number[]): readonly Prediction[] {
  const probabilities = softmax(model.apply(params, batch(test, indices).images)).dataSync()
  return indices.map((index, i) => {
    const row = probabilities.subarray(i * 10, i * 10 + 10)
    const predicted = row.indexOf(Math.max(...row))
    return { index, predicted, probability: row[predicted] as number }
  })
}

try {
  await main()
} catch (e) {
  if (!(e instanceof CotangentError) || e.kind === 'InternalError') throw e
  console.error(`${e.kind}: ${e.message}`)
  process.exitCode = 1
}
