/** What training must do on a device: reach its accuracy, hold its memory, and give the same bits again. */
import { createHash } from 'node:crypto'
import { array, grad, init, numpy as np, type Tensor, tree, type TreeOf } from '@cotangent/core'
import type { Layer } from '@cotangent/nn'
import { batch, type Mnist, slice } from '../../../examples/lib/digits.ts'
import { nodeFiles } from '../../../examples/lib/host/node.ts'
import { readMnist } from '../../../examples/lib/mnist-files.ts'
import { cnn, mlp } from '../../../examples/mnist/models.ts'
import { train } from '../../../examples/mnist/train.ts'
import { createTrainer } from '../../../examples/mnist/trainer.ts'
import { dataOf } from '../../../bench/rows.ts'
import { type Make, workloads } from '../../../bench/workloads.ts'
import type { CudaBackend } from '../src/backend.ts'
import { cuda } from '../src/index.ts'
import { cudaOptions, failed, type Outcome, passed, type Setting } from './setting.ts'

async function open(setting: Setting): Promise<CudaBackend> {
  const { backend } = await init({ backend: { name: 'cuda', load: () => cuda(cudaOptions(setting)) } })
  return backend as CudaBackend
}

async function digits({ data, short }: Setting): Promise<Mnist> {
  const all = await readMnist(nodeFiles, data)
  return short ? { train: slice(all.train, 96), test: slice(all.test, 50) } : all
}

/** Emulated convolutions are slow. */
const smallCnn = { channels: [2, 3], hidden: 8 } as const

async function learn<P extends TreeOf<P>>(
  setting: Setting,
  model: Layer<P>,
  epochs: number,
  batchSize: number,
  wanted: number,
): Promise<Outcome> {
  const backend = await open(setting),
    data = await digits(setting),
    lines: string[] = []
  const { testAccuracy, losses } = train(model, data, {
    epochs: setting.short ? 1 : epochs,
    batchSize,
    seed: 0,
    onEpoch: (epoch, accuracy, seconds) => lines.push(`epoch ${epoch}: test accuracy ${accuracy.toFixed(4)} (${seconds.toFixed(1)} s)`),
  })
  await backend.dispose()
  const least = setting.short ? 0 : wanted,
    summary = `test accuracy ${testAccuracy.toFixed(4)} after ${losses.length} epochs of ${data.train.count} digits, at least ${least} wanted`
  const right = testAccuracy >= least && losses.every(Number.isFinite)
  return right ? passed(summary, { testAccuracy, losses }, lines) : failed(summary, lines)
}

export const mnistMlp = (setting: Setting): Promise<Outcome> => learn(setting, mlp(), 5, 32, 0.97)
export const mnistCnn = (setting: Setting): Promise<Outcome> => learn(setting, cnn(setting.short ? smallCnn : {}), 3, 64, 0.985)

/** Live bytes and those that the driver gave, while one step follows another. */
export async function memory(setting: Setting): Promise<Outcome> {
  const backend = await open(setting),
    { mlp: make } = await workloads({ threads: 1, data: dataOf(), backend: { name: 'cuda', load: async () => backend } }),
    steps = setting.short ? 40 : 10_000
  const bytes = (): readonly number[] => {
    const { free, total } = backend.session.device.memory()
    return [backend.memory().live, total - free]
  }
  const work = (make as Make)({ batch: 32, dims: [784, 64, 10] }, 'mlp_train')
  let early: readonly number[] = []
  for (let step = 1; step <= steps; step++) {
    work.run()
    if (step === 20) early = bytes()
  }
  const late = bytes()
  await backend.dispose()
  const summary = `live and reserved bytes at step 20: ${early.join(', ')}; at step ${steps}: ${late.join(', ')}`
  return early[0] === late[0] && (late[1] as number) <= (early[1] as number) ? passed(summary, { early, late }) : failed(summary)
}

/** A hash of all numbers of some steps of training, and of a gradient that adds where indices repeat. */
async function fingerprint(setting: Setting, data: Mnist): Promise<string> {
  const backend = await open(setting),
    hash = createHash('sha256'),
    add = (tensors: readonly Tensor[]): void => tensors.forEach(t => hash.update(t.dataSync()))
  const [steps, count] = setting.short ? [2, 4] : [50, 32]
  const follow = <P extends TreeOf<P>>(model: Layer<P>): void => {
    const trainer = createTrainer(model, { seed: 1 })
    let state = trainer.init()
    for (let i = 0; i < steps; i++) {
      const [next, loss] = trainer.step(state, batch(data.train, trainer.order(1, data.train.count).subarray(i, i + count)))
      add([loss])
      state = next
    }
    add(tree.leaves(state.params))
  }
  follow(mlp())
  follow(cnn(setting.short ? smallCnn : {}))
  const indices = array(Int32Array.from({ length: 3000 }, (_, i) => (i * i) % 37))
  const gathered = (x: Tensor): Tensor => np.take(x, indices, { axis: 0 })
  const table = array(Float32Array.from({ length: 37 * 8 }, (_, i) => Math.sin(i))).reshape([37, 8])
  add([grad((x: Tensor) => np.sin(gathered(x)).mul(gathered(x)).sum())(table)])
  await backend.dispose()
  return hash.digest('hex')
}

/** Twice in this process, on two backends; the parent does so in two processes. */
export async function bits(setting: Setting): Promise<Outcome> {
  const data = await digits(setting),
    first = await fingerprint(setting, data),
    second = await fingerprint(setting, data)
  const summary = `losses and parameters of an MLP and a CNN and an embedding gradient: ${first.slice(0, 16)}`
  return first === second ? passed(summary, { hash: first }) : failed(`${summary}, then ${second.slice(0, 16)}`)
}
