/** The worker's side, without a browser. */
import { describe, expect, it } from 'vitest'
import { type Mnist, loadMnist, slice } from '../../lib/mnist.ts'
import { parseKernels, summary } from '../kernels.ts'
import type { Point, Report } from '../protocol.ts'
import { TrainingSession } from '../session.ts'

const small = loadMnist().then(({ train, test }): Mnist => ({ train: slice(train, 260), test: slice(test, 150) }))

async function opened(model: 'mlp' | 'cnn' = 'mlp'): Promise<TrainingSession> {
  const session = new TrainingSession(() => small)
  await session.load({ train: ['', ''], test: ['', ''] })
  await session.open({ backend: 'cpu', model, cores: 1 })
  return session
}

/** Trains to the end; `seen` may pause it on the way. */
async function trained(session: TrainingSession, seen: (report: Report) => void = () => {}): Promise<Report[]> {
  const reports: Report[] = []
  while (
    (await session.train(report => {
      reports.push(report)
      seen(report)
    })) === 'paused'
  );
  return reports
}
const curve = (reports: readonly Report[], name: 'losses' | 'accuracies'): readonly Point[] => reports.flatMap(r => r[name])

let reports: Report[]
describe('a session', () => {
  it('reports curves with the planned points, of a model that learns', async () => {
    const session = await opened()
    expect(session.kernels()).toBe('')
    reports = await trained(session)
    const losses = curve(reports, 'losses'),
      accuracies = curve(reports, 'accuracies')
    // Ten epochs of 260 / 25 steps: no more points than steps.
    expect(losses).toHaveLength(100)
    expect(accuracies).toHaveLength(50)
    expect(losses.at(-1)?.value).toBeLessThan((losses[0]?.value as number) / 2)
    expect(accuracies.at(-1)?.value).toBeGreaterThan(0.5)
    expect([losses.at(-1)?.epoch, reports.at(-1)?.epoch, reports.at(-1)?.epochs]).toEqual([10, 10, 10])
    expect(reports.every(r => r.memory.live > 0 && r.memory.buffers > 0)).toBe(true)
    expect(await session.train(() => {})).toBe('finished')
  })
  it('learns the same when it is paused and resumed, and after a reset', async () => {
    const session = await opened()
    let pauses = 0
    const interrupted = await trained(session, () => {
      if (pauses++ < 3) session.pause()
    })
    for (const name of ['losses', 'accuracies'] as const) expect(curve(interrupted, name)).toEqual(curve(reports, name))
    await session.open({ backend: 'cpu', model: 'mlp', cores: 1 })
    expect(curve(await trained(session), 'losses')).toEqual(curve(reports, 'losses'))
  })
  it('ends a training when another model is opened', async () => {
    const session = await opened()
    const outcome = session.train(() => {})
    expect(await session.open({ backend: 'reference', model: 'mlp', cores: 1 })).toEqual({ parameters: 50_890, epochs: 10 })
    expect(await outcome).toBe('paused')
  })
  it('gives probabilities, filters, test digits and kernels', async () => {
    const session = await opened('cnn')
    const outcome = session.train(() => session.pause())
    expect(await outcome).toBe('paused')
    const [digit] = session.testDigits([0])
    expect([digit?.index, digit?.label, digit?.pixels.length]).toEqual([0, 7, 784])
    const probabilities = session.predict(digit?.pixels as Float32Array)
    expect(probabilities).toHaveLength(10)
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
    const { count, side, values } = session.filters()
    expect([count, side, values.length]).toEqual([32, 3, 288])
    const text = session.kernels(),
      printed = parseKernels(text)
    expect(printed.kernels.map(k => k.number)).toEqual(printed.kernels.map((_, i) => i))
    expect(text.startsWith(printed.memory)).toBe(true)
    for (const { number, kind, space, body } of printed.kernels) {
      expect(text).toContain(`\n${number}: ${kind} ${space}`.trimEnd())
      for (const line of body.split('\n')) expect(text).toContain(line)
    }
    expect(summary(printed)).toMatch(/^\d+ kernels: .*\d+ contractions/)
  })
  it('says what has to come first', async () => {
    const session = new TrainingSession(() => small)
    expect(() => session.predict(new Float32Array(784))).toThrow('open a model first')
    await expect(session.open({ backend: 'cpu', model: 'mlp', cores: 1 })).rejects.toThrow('load the digits first')
  })
})
