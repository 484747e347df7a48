/** `npx -y pnpm@12 mnist`: the introductory program on real data. Options: --backend --threads --epochs --batch --seed --model --data --save. */
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import { CotangentError, type BackendName, init } from '@cotangent/core'
import { type Layer, softmax } from '@cotangent/nn'
import { type Digits, batch, loadMnist } from '../lib/mnist.ts'
import { loadParameters, saveParameters } from '../lib/parameters.ts'
import { type Prediction, drawDigits } from './draw.ts'
import { cnn, mlp } from './models.ts'
import { evaluate, train } from './train.ts'

const { values: options } = parseArgs({
  options: {
    backend: { type: 'string', default: 'cpu' },
    threads: { type: 'string' },
    epochs: { type: 'string' },
    batch: { type: 'string' },
    seed: { type: 'string', default: '0' },
    model: { type: 'string', default: 'mlp' },
    data: { type: 'string' },
    save: { type: 'string', default: join(tmpdir(), 'cotangent-mnist.safetensors') },
    help: { type: 'boolean', default: false },
  },
})

const integer = (name: string, text: string, least: number): number => {
  const n = Number(text)
  if (!Number.isInteger(n) || n < least) throw new CotangentError('ValueError', `--${name}: an integer of at least ${least}, got "${text}".`)
  return n
}

async function main(): Promise<void> {
  if (options.help) {
    console.log('mnist [--backend cpu|reference] [--threads N] [--epochs 5] [--batch 32] [--seed 0] [--model mlp|cnn] [--data FOLDER] [--save FILE]')
    return
  }
  if (options.model !== 'mlp' && options.model !== 'cnn') throw new CotangentError('ValueError', `--model: mlp or cnn, got "${options.model}".`)
  const loaded = await init({ backend: options.backend as BackendName, ...(options.threads !== undefined && { threads: integer('threads', options.threads, 1) }) })
  for (const { name, reason } of loaded.skipped) console.log(`${name} is not used: ${reason}`)
  const data = await loadMnist(options.data)
  console.log(`MNIST: ${data.train.count} training and ${data.test.count} test digits, ${options.model} on the ${loaded.name} backend`)
  if (options.model === 'mlp') await run(mlp(), data, 5, 32)
  else await run(cnn(), data, 3, 64)
  await loaded.backend.dispose()
}

async function run<P>(model: Layer<P>, data: { readonly train: Digits; readonly test: Digits }, epochs: number, batchSize: number): Promise<void> {
  const bar = new SingleBar({ format: 'epoch {epoch} {bar} {value}/{total}  loss {loss}  {speed} digits/s', hideCursor: true, clearOnComplete: true, noTTYOutput: false })
  const { params, testAccuracy } = train(model, data, {
    epochs: integer('epochs', options.epochs ?? String(epochs), 1),
    batchSize: integer('batch', options.batch ?? String(batchSize), 1),
    seed: integer('seed', options.seed, 0),
    onProgress({ epoch, step, steps, loss, examplesPerSecond }) {
      if (!bar.isActive) bar.start(steps, 0, {})
      bar.update(step, { epoch, loss: loss.toFixed(4), speed: Math.round(examplesPerSecond) })
      if (step === steps) bar.stop()
    },
    onEpoch: (epoch, accuracy, seconds) => console.log(`epoch ${epoch}: test accuracy ${accuracy.toFixed(4)} (${seconds.toFixed(1)} s)`),
  })
  await saveParameters(options.save, params)
  const loaded = await loadParameters(options.save, params)
  console.log(`parameters saved to ${options.save} and loaded again`)
  console.log(drawDigits(data.test, predict(model, loaded, data.test, [0, 1, 2, 3, 4]), process.stdout.isTTY))
  const again = evaluate(model, loaded, data.test)
  if (again !== testAccuracy) throw new CotangentError('InternalError', `loaded parameters give ${again}, not ${testAccuracy}`)
  console.log(`test accuracy ${again.toFixed(4)}`)
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
