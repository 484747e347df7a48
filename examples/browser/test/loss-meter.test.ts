import { array, init } from '@cotangent/core'
import { beforeAll, expect, it } from 'vitest'
import { LossMeter } from '../loss-meter.ts'

beforeAll(() => init({ backend: 'reference' }))

it('takes the mean of all losses since the last time, however many are read together, and keeps none', async () => {
  const meter = new LossMeter()
  for (const [losses, mean] of [
    [[[1], [2, 6], [3]], 3],
    [[[5, 7]], 6],
  ] as const) {
    for (const part of losses) {
      const tensors = part.map(value => array(value))
      for (const loss of tensors) meter.add(loss)
      await meter.read()
      for (const loss of tensors) expect(() => loss.item()).toThrow(/disposed/)
    }
    expect(meter.take()).toBe(mean)
  }
})

it('is due when the steps take about as long as a device may have work', async () => {
  const meter = new LossMeter()
  meter.add(array(1))
  expect(meter.isDue).toBe(true)
  await meter.read()
  expect(meter.isDue).toBe(false)
})
