/** The same in a page: the loop leaves the thread to others, a channel carries batches. */
import { backend } from '@cotangent/backend-cpu'
import { init, random } from '@cotangent/core'
import { afterAll, expect, it } from 'vitest'
import { batches, serveBatches, workerBatches } from '../../src/data/index.ts'
import { fit } from '../../src/index.ts'
import { sines, smallTrainer } from '../support/training.ts'

const loaded = await init({ backend: [backend] })
afterAll(() => loaded.backend.dispose())

it('fit trains, and timers have their turn', async () => {
  const { step, init: untrained, evaluate } = smallTrainer(1, 0)
  const data = sines(32),
    controller = new AbortController()
  setTimeout(() => controller.abort(), 50)
  const run = await fit(step, untrained(random.key(0), [1]), batches(data, 8), { epochs: 1e6, signal: controller.signal, reportEvery: 10 })
  expect(run.reason).toBe('aborted')
  expect(run.step).toBeGreaterThan(1)
  expect((await evaluate(run.state, batches(data, 8)))['loss']).toBeLessThan(1)
})

it('batches come through a channel', async () => {
  const { port1, port2 } = new MessageChannel()
  serveBatches(port1, function* () {
    for (const i of [1, 2, 3]) yield { x: { data: Float32Array.of(i), shape: [1] } }
  })
  const seen: number[] = []
  for await (const { x } of workerBatches<{ readonly x: { readonly data: Float32Array; readonly shape: readonly number[] } }>(port2))
    seen.push(x.dataSync()[0] as number)
  expect(seen).toEqual([1, 2, 3])
  port1.close()
})
