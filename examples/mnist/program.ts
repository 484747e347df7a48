/** The program: reads the digits, trains, saves, loads again, shows what the model reads. The same source in Node and in a page. */
import { CotangentError, type TreeOf } from '@cotangent/core'
import { type Layer, schedules, softmax } from '@cotangent/nn'
import { type Digits, type Mnist, batch, slice } from '../lib/digits.ts'
import type { Host } from '../lib/host/host.ts'
import { readFewDigits, readMnist } from '../lib/mnist-files.ts'
import { checkWritable, loadParameters, saveParameters } from '../lib/parameters.ts'
import { onBackend, printResults } from '../lib/program.ts'
import { type Prediction, drawDigits } from './draw.ts'
import { cnn, defaults, mlp, mlpDropout } from './models.ts'
import type { Options } from './options.ts'
import { evaluate, train } from './train.ts'

export async function main(options: Options, host: Host): Promise<void> {
  const { model, examples } = options
  for (const path of [options.save, options.losses]) if (path !== undefined) await checkWritable(host, path)
  const all = await (options.fast ? readFewDigits : readMnist)(host, options.data)
  const data = examples === undefined ? all : { train: slice(all.train, examples), test: all.test }
  await onBackend(options, host, name => {
    host.print(`MNIST: ${data.train.count} training and ${data.test.count} test digits, ${model} on the ${name} backend`)
    switch (model) {
      case 'mlp':
        return run(mlp(), data, options, host)
      case 'mlp-dropout':
        return run(mlpDropout(), data, options, host)
      case 'cnn':
        return run(cnn(options.fast ? { channels: [4, 8], hidden: 16 } : {}), data, options, host)
    }
  })
}

async function run<P extends TreeOf<P>>(model: Layer<P>, data: Mnist, options: Options, host: Host): Promise<void> {
  const losses: number[] = [],
    steps = options.epochs * Math.ceil(data.train.count / options.batchSize)
  const { params, testAccuracy } = train(model, data, {
    ...options,
    ...(defaults[options.model].decays && { learningRate: schedules.cosineDecay(1e-3, steps) }),
    onStep: loss => losses.push(loss),
    onProgress: ({ epoch, step, steps, loss, examplesPerSecond }) => {
      const speed = Math.round(examplesPerSecond).toLocaleString('en')
      host.progress({ title: `epoch ${epoch}`, step, steps, detail: `loss ${loss.toFixed(4)}  ${speed} digits/s` })
    },
    onEpoch: (epoch, accuracy, seconds) => host.print(`epoch ${epoch}: test accuracy ${accuracy.toFixed(4)} (${seconds.toFixed(1)} s)`),
  })
  if (options.losses !== undefined) await host.writeFile(options.losses, new TextEncoder().encode(losses.map(l => `${l}\n`).join('')))
  await saveParameters(host, options.save, params)
  const loaded = await loadParameters(host, options.save, params)
  host.print(`parameters saved to ${options.save} and loaded again\n`)
  host.print(`${drawDigits(data.test, predict(model, loaded, data.test, [0, 1, 2, 3, 4]), host.isTerminal)}\n`)
  const again = evaluate(model, loaded, data.test)
  if (again !== testAccuracy) throw new CotangentError('InternalError', `loaded parameters give ${again}, not ${testAccuracy}`)
  printResults(host, { 'test accuracy': again })
}

function predict<P>(model: Layer<P>, params: P, test: Digits, indices: readonly number[]): readonly Prediction[] {
  const probabilities = softmax(model.apply(params, batch(test, indices).images)).dataSync()
  return indices.map((index, i) => {
    const row = probabilities.subarray(i * 10, i * 10 + 10)
    const predicted = row.indexOf(Math.max(...row))
    return { index, predicted, probability: row[predicted] as number }
  })
}
