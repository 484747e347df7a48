/** The fold: what it computes, what it tells, when it ends; and that a run that was interrupted ends with the same bits. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { type Tensor, array, init, random } from '@cotangent/core'
import { batches } from '../../src/data/index.ts'
import {
  type FitEvent,
  type FitOptions,
  type StopRule,
  anyOf,
  earlyStopping,
  fit,
  fitEvents,
  meanOver,
  stopMonoid,
  stopOnNonFinite,
} from '../../src/index.ts'
import { bitsOf, memoryStore, sines, smallTrainer } from '../support/training.ts'
import { xxHash32 } from '../../src/train/xxhash.ts'

await init({ backend: 'reference' })

/** Counts to a total: the smallest training. */
const count = (total: Tensor, n: number): readonly [Tensor, { readonly loss: Tensor }] => [total.add(n), { loss: array(n) }]
const types = (events: readonly FitEvent<unknown>[]): readonly string[] => events.map(e => e.type)
const listen = async (source: Parameters<typeof fit<Tensor, number, { readonly loss: Tensor }>>[2], options: FitOptions<Tensor> = {}) => {
  const events: FitEvent<Tensor>[] = []
  const result = await fit(count, array(0), source, { ...options, onEvent: e => void events.push(e) })
  return { events, ...result }
}

describe('the fold', () => {
  it('goes through all batches of all epochs and says so', async () => {
    const { state, events, ...rest } = await listen([1, 2, 3], { epochs: 2 })
    expect(state.item()).toBe(12)
    expect(rest).toMatchObject({ step: 6, epoch: 2, batch: 0, reason: 'done', best: null })
    expect(types(events)).toEqual(['step', 'step', 'step', 'epoch', 'step', 'step', 'step', 'epoch', 'end'])
    expect(events[3]).toMatchObject({ step: 3, epoch: 0, batch: 3, metrics: { loss: 2 } })
  })
  it('takes an async source, one for each epoch, and reports means', async () => {
    async function* epoch(n: number): AsyncGenerator<number> {
      yield* [10 * n, 10 * n + 2, 10 * n + 4]
    }
    const { state, events } = await listen(epoch, { epochs: 2, reportEvery: 2 })
    expect(state.item()).toBe(6 + 36)
    expect(events.filter(e => e.type === 'step').map(e => e.metrics['loss'])).toEqual([1, 7, 13])
  })
  it('ends after a number of steps, and at once without epochs', async () => {
    expect(await listen([1, 2, 3], { epochs: 5, steps: 4 })).toMatchObject({ step: 4, epoch: 1, batch: 1, reason: 'done' })
    expect((await listen([1], { epochs: 0 })).step).toBe(0)
  })
  it('is a stream as well, which ends when nobody asks', async () => {
    let steps = 0
    for await (const e of fitEvents(count, array(0), [1, 2, 3, 4])) if (e.type === 'step' && ++steps === 2) break
    expect(steps).toBe(2)
  })
  it('refuses what would train on nothing', async () => {
    const once = (function* () {
      yield 1
    })()
    await expect(listen(once, { epochs: 2 })).rejects.toThrow(/epoch 1 has no batches. A generator runs once/)
    await expect(listen([1], { reportEvery: 0 })).rejects.toThrow(/reportEvery must be a positive integer, got 0/)
    await expect(listen([1], { epochs: -1 })).rejects.toThrow(/epochs must be an integer of at least 0, or Infinity, got -1/)
    await expect(fit((s: Tensor, b: number) => [s, { loss: array([b, b]) }], array(0), [1])).rejects.toThrow(/metric loss has shape \[2\]/)
  })
  it('ends between two steps when told, and lets signals through', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 20)
    const forever = {
      *[Symbol.iterator]() {
        for (;;) yield 1
      },
    }
    expect((await fit(count, array(0), forever, { signal: controller.signal })).reason).toBe('aborted')
  })
})

describe('evaluation and early stopping', () => {
  const losses = [5, 3, 4, 3.5, 2, 1]
  const at = (epoch: number) => ({ loss: losses[epoch] as number })
  it('stops after evaluations that bring nothing, and keeps the best state', async () => {
    let epoch = 0
    const options = { epochs: 6, evaluate: () => at(epoch++), stop: earlyStopping({ patience: 2 }), keepBest: true }
    const { best, state, reason, events, epoch: done } = await listen([1], options)
    expect([reason, done, best?.item(), state.item()]).toEqual(['stopped', 4, 2, 4])
    expect(events.filter(e => e.type === 'evaluation').map(e => e.isBest)).toEqual([true, true, false, false])
  })
  it('watches the means of the epoch without an evaluation, every so many steps with one', async () => {
    expect((await listen(epoch => [losses[epoch] as number], { epochs: 6, stop: earlyStopping() })).epoch).toBe(3)
    const seen: number[] = []
    await listen([1, 1, 1, 1, 1], { evaluateEvery: 2, evaluate: s => (seen.push(s.item()), { loss: 0 }) })
    expect(seen).toEqual([2, 4])
  })
  const run = (rule: StopRule, values: readonly number[]): readonly string[] => {
    let memory = rule.initial
    return values.map(loss => {
      const d = rule.next(memory, { loss })
      memory = d.memory
      return `${d.isBest ? 'best' : '-'}${d.stop ? '!' : ''}`
    })
  }
  it('rules are a monoid', () => {
    const rule = fc.constantFrom(earlyStopping({ patience: 2 }), earlyStopping({ mode: 'max' }), stopOnNonFinite(), stopMonoid.empty)
    const { concat, empty } = stopMonoid
    fc.assert(
      fc.property(rule, rule, rule, fc.array(fc.double(), { maxLength: 6 }), (a, b, c, values) => {
        const same = (x: StopRule, y: StopRule): void => expect(run(x, values)).toEqual(run(y, values))
        same(concat(empty, a), a)
        same(concat(a, empty), a)
        same(concat(concat(a, b), c), concat(a, concat(b, c)))
      }),
    )
  })
  it('knows maxima, deltas, NaN, several rules, and names what is not there', () => {
    expect(run(earlyStopping({ mode: 'max', minDelta: 1, patience: 2 }), [1, 1.5, 3, 3.9, 2])).toEqual(['best', '-', 'best', '-', '-!'])
    expect(run(earlyStopping({ patience: 2 }), [NaN, 1, NaN, NaN])).toEqual(['-', 'best', '-', '-!'])
    expect(run(anyOf(earlyStopping({ patience: 9 }), stopOnNonFinite()), [1, 2, Infinity])).toEqual(['best', '-', '-!'])
    expect(() => earlyStopping({ monitor: 'auc' }).next({}, { loss: 1 })).toThrow(/there is no auc among loss/)
  })
})

describe('checkpoints', () => {
  const data = sines(20)
  const epochs = 3
  const train = smallTrainer()
  const run = async (options: FitOptions<ReturnType<typeof train.init>> = {}) => {
    const reported: string[] = []
    const result = await fit(train.step, train.init(random.key(1), [1]), epoch => batches(data, 8, { key: random.key(epoch) }), {
      epochs,
      reportEvery: 2,
      keepBest: true,
      stop: earlyStopping({ patience: 9 }),
      evaluate: s => train.evaluate(s, batches(data, 8)),
      ...options,
      onEvent: e => {
        if ('metrics' in e) reported.push(JSON.stringify([e.type, e.step, e.metrics]))
        return options.onEvent?.(e)
      },
    })
    return { ...result, reported, bits: bitsOf([result.state, result.best]) }
  }
  it('a run that is killed anywhere and started again ends with the same bits and reports', async () => {
    const straight = await run()
    expect(straight.step).toBe(9)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 2, 4, undefined), fc.boolean(), async (kill, every, gently) => {
        const store = memoryStore(),
          controller = new AbortController()
        const checkpoint = every === undefined ? { store } : { store, every }
        const stop = (step: number): void => {
          if (step !== kill) return
          if (!gently) throw new Error('killed')
          controller.abort()
        }
        const first = await run({
          checkpoint,
          signal: controller.signal,
          reportEvery: 1,
          onEvent: e => (e.type === 'step' ? stop(e.step) : undefined),
        }).catch(() => null)
        expect(first === null).toBe(!gently)
        const resumedAt: number[] = []
        const second = await run({ checkpoint, onEvent: e => void (e.type === 'resumed' && resumedAt.push(e.step)) })
        expect(second.bits).toEqual(straight.bits)
        // At most the steps since the last checkpoint are done again.
        if (gently) expect(resumedAt).toEqual([kill])
        else expect(kill - (resumedAt[0] ?? 0)).toBeLessThanOrEqual(every ?? 3)
        const told = (r: typeof straight): readonly string[] => r.reported.filter(line => !line.startsWith('["step"'))
        expect(told(second)).toEqual(told(straight).slice(told(straight).length - told(second).length))
      }),
      { numRuns: 12 },
    )
  })
  it('a run that is complete is not run again; more epochs continue it', async () => {
    const store = memoryStore()
    await run({ checkpoint: { store } })
    const { writes } = store
    expect(writes).toBe(3)
    const types: string[] = []
    expect((await run({ checkpoint: { store }, onEvent: e => void types.push(e.type) })).step).toBe(9)
    expect([types, store.writes]).toEqual([['resumed', 'end'], 3])
    expect((await run({ checkpoint: { store }, epochs: 4 })).bits).toEqual((await run({ epochs: 4 })).bits)
    expect((await run({ checkpoint: { store, resume: false }, epochs: 1 })).step).toBe(3)
  })
  it('any flipped bit, any cut, and any other file is refused by name', async () => {
    const store = memoryStore()
    await run({ checkpoint: { store }, epochs: 1 })
    const bytes = store.bytes as Uint8Array
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (at, bit) => {
        const damaged = bytes.slice()
        damaged[at] = (damaged[at] as number) ^ (1 << bit)
        await expect(run({ checkpoint: { store: memoryStore(damaged) } })).rejects.toThrow(/^run\.safetensors: /)
        await expect(run({ checkpoint: { store: memoryStore(bytes.slice(0, at)) } })).rejects.toThrow(/run\.safetensors/)
      }),
      { numRuns: 40 },
    )
    await expect(run({ checkpoint: { store: memoryStore(new TextEncoder().encode('<html>not found</html>')) } })).rejects.toThrow(
      /^run\.safetensors/,
    )
  })
  it('a checkpoint of another model is refused by the first leaf that differs', async () => {
    const store = memoryStore()
    await run({ checkpoint: { store }, epochs: 1 })
    await expect(fit((s: { readonly w: Tensor }, _: number) => [s, {}], { w: array(0) }, [1], { checkpoint: { store } })).rejects.toThrow(
      /run\.safetensors: has .*, which the model has not/,
    )
  })
})

it('a step may be asynchronous: the same bits', async () => {
  const { step, init: untrained } = smallTrainer()
  const train = async (s: typeof step | typeof step.async) =>
    bitsOf((await fit(s, untrained(random.key(2), [1]), batches(sines(8), 4))).state)
  expect(await train(step.async)).toEqual(await train(step))
})

it('means over batches are weighted by their sizes', async () => {
  const parts = [[1, 1, 1], [5]].map(xs => array(xs))
  expect(await meanOver(parts, x => ({ mean: x.mean(), square: x.mul(x).mean() }))).toEqual({ mean: 2, square: 7 })
})

it('the checksum is xxHash32', () => {
  // The README of python-xxhash, and xxHash's own vector for nothing.
  expect(xxHash32(new TextEncoder().encode('Nobody inspects the spammish repetition')).toString(16)).toBe('e2293b2f')
  expect(xxHash32(new Uint8Array(0)).toString(16)).toBe('2cc5d05')
})

describe('accumulation', () => {
  it('of equal parts is the step of the whole batch', async () => {
    const data = sines(8)
    // Without dropout, which draws for each part.
    const plain = [1, 4].map(accumulate => smallTrainer(accumulate, 0))
    const losses = await Promise.all(
      plain.map(async t => {
        const { state } = await fit(t.step, t.init(random.key(3), [1]), batches(data, 8), { epochs: 4 })
        return (await t.evaluate(state, batches(data, 3)))['loss'] as number
      }),
    )
    expect(losses[1]).toBeCloseTo(losses[0] as number, 5)
    expect(() => smallTrainer(3, 0).step(smallTrainer(1, 0).init(random.key(3), [1]), [...batches(data, 8)][0] as never)).toThrow(
      /no 3 equal parts/,
    )
  })
})
