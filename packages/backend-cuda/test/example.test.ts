/** The examples' own source with `--backend cuda`: the libraries are found under their usual names, in a folder where the loader looks. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { init } from '@cotangent/core'
import { afterAll, expect, inject, test } from 'vitest'
import '../../../scripts/provided.ts'
import { fastRuns, inTurn, missingData, onePerExample } from '../../../examples/lib/fast.ts'
import { spawnMain } from '../../../examples/lib/host/spawn.ts'
import { batch, loadMnist } from '../../../examples/lib/mnist.ts'
import { resultsOf } from '../../../examples/lib/results/records.ts'
import { cnn } from '../../../examples/mnist/models.ts'
import { createTrainer } from '../../../examples/mnist/trainer.ts'
import { fakeDriver, loader } from './kit.ts'

const fake = await fakeDriver(),
  folder = mkdtempSync(join(tmpdir(), 'cotangent-cuda-'))
for (const name of ['libcuda.so.1', 'libnvrtc.so.13', 'libcublasLt.so.13']) symlinkSync(fake.library, join(folder, name))
afterAll(() => rmSync(folder, { recursive: true }))

function run(example: string, ...args: readonly string[]): string {
  const main = new URL(`../../../examples/${example}/main.ts`, import.meta.url),
    fast = { FAKE_CUDA_POISON: '0', FAKE_CUDA_REDZONES: '0' }
  const { status, out, err } = spawnMain(main, args, { LD_LIBRARY_PATH: folder, XDG_CACHE_HOME: folder, ...fast })
  expect([err, status]).toEqual(['', 0])
  return out
}

/** Numbers to six digits, and differences as no more than that. */
const rounded = (text: string): string =>
  text
    .replace(/\d\.\de[+-]\d+/g, 'a difference')
    .replace(/\d+\.\d+/g, n => Number(n).toFixed(6))
    .replace('cuda', 'cpu')

test('backprop prints on cuda what it prints on cpu', () => {
  const printed = run('backprop', '--backend', 'cuda')
  expect(printed).toContain('in float64 on the cuda backend')
  expect(rounded(printed)).toBe(rounded(run('backprop', '--backend', 'cpu')))
  expect(Number(/largest difference (\S+)\s*$/.exec(printed)?.[1])).toBeLessThan(1e-14)
})

test('mnist trains on cuda to the accuracy of cpu, and saves its parameters', () => {
  const accuracyOn = (backend: string): number => {
    const options = ['--examples', '640', '--epochs', '1', '--threads', '1', '--save', join(folder, 'mlp.safetensors')]
    const printed = run('mnist', '--backend', backend, ...options)
    expect(printed).toContain(`640 training and 10000 test digits, mlp on the ${backend} backend`)
    expect(printed).toContain('saved to')
    return Number(/\ntest accuracy (\S+)\n$/.exec(printed)?.[1])
  }
  const accuracy = accuracyOn('cuda')
  expect(accuracy).toBeGreaterThan(0.5)
  // A few of 10,000 digits may be as near to one class as to another.
  expect(Math.abs(accuracy - accuracyOn('cpu'))).toBeLessThan(0.001)
})

test.for(inTurn(onePerExample(await fastRuns()), 2, inject('seed')))('$example runs fast on cuda', async (chosen, { skip }) => {
  const missing = await missingData(chosen),
    { example, options, wanted } = chosen
  if (missing !== undefined) skip(missing)
  const printed = run(example, ...options.split(' ').filter(Boolean), '--fast', '--backend', 'cuda', '--out', folder)
  expect(Object.keys(resultsOf(printed))).toEqual(expect.arrayContaining([...wanted]))
})

test("mnist's CNN, narrower, has the losses of cpu", async () => {
  const { train } = await loadMnist(),
    size = 4
  fake.set({ poison: 0, redzones: 0 })
  const losses = async (backend: Parameters<typeof init>[0]): Promise<readonly number[]> => {
    const loaded = await init(backend),
      trainer = createTrainer(cnn({ channels: [4, 8], hidden: 16 }), { seed: 0 }),
      order = trainer.order(1, 4 * size)
    let state = trainer.init()
    const result = [0, 1, 2, 3].map(i => {
      const [next, loss] = trainer.step(state, batch(train, order.subarray(i * size, (i + 1) * size)))
      state = next
      return loss.item()
    })
    await loaded.backend.dispose()
    return result
  }
  const expected = await losses({ backend: 'cpu', threads: 1 })
  ;(await losses({ backend: loader() })).forEach((loss, i) => expect(Math.abs(loss - (expected[i] as number))).toBeLessThan(1e-4))
  fake.reset()
})
