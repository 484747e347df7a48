/** Schedules: PyTorch's and optax' values; laws; rates in the state. */
import { reader } from 'fp-ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Tensor, arange, array, init, jit, multiply, vmap } from '@cotangent/core'
import { type Schedule, adam, adamw, applyUpdates, injectHyperparams, schedules, sgd } from '@cotangent/nn'
import { readFixtures } from './support/fixtures.ts'

await init({ backend: 'reference' })

interface Fixtures {
  readonly origin: string
  readonly schedules: Readonly<Record<string, number[]>>
}
const torch = readFixtures<Fixtures>('optim.json'),
  optax = readFixtures<Fixtures>('optax-optim.json')
const { constant, cosineDecay, exponentialDecay, join, linear, oneCycle, piecewiseConstant, piecewiseInterpolate, polynomial, sgdr } =
  schedules
const { warmupCosine, warmupExponential } = schedules

const ofTorch: Readonly<Record<string, Schedule>> = {
  linear: linear(0.125, 0.5, 8),
  polynomial: polynomial(0.5, 0, 2, 10),
  exponential: exponentialDecay(0.5, 1, 0.9),
  step: exponentialDecay(0.5, 5, 0.5, { staircase: true }),
  multiStep: piecewiseConstant(0.5, { 4: 0.1, 9: 0.1 }),
  cosine: cosineDecay(0.5, 15, { alpha: 0.2 }),
  restarts: sgdr([5, 10].map(steps => ({ peak: 0.5, end: 0.1, warmupSteps: 0, steps }))),
  oneCycle: oneCycle(15, 0.8, { peakAt: 3 / 15 }),
  sequential: join([linear(0.25, 0.5, 4), exponentialDecay(0.5, 1, 0.8)], [4]),
}
const ofOptax: Readonly<Record<string, Schedule>> = {
  linear: linear(0.1, 0.7, 8, { begin: 3 }),
  polynomial: polynomial(0.1, 0.7, 2, 8, { begin: 3 }),
  exponentialDecay: exponentialDecay(0.5, 4, 0.6, { begin: 2, end: 0.15 }),
  staircase: exponentialDecay(0.5, 4, 0.6, { begin: 2, staircase: true }),
  piecewiseConstant: piecewiseConstant(0.5, { 4: 0.5, 9: 0.1 }),
  piecewiseInterpolate: piecewiseInterpolate('linear', 0.5, { 4: 2, 9: 0.1 }),
  cosineDecay: cosineDecay(0.5, 10, { alpha: 0.1, exponent: 1.5 }),
  warmupCosine: warmupCosine({ from: 0.1, peak: 0.5, warmupSteps: 4, steps: 12, end: 0.05, exponent: 2 }),
  warmupExponential: warmupExponential({ from: 0.1, peak: 0.5, warmupSteps: 4, steps: 3, rate: 0.7 }),
  oneCycle: oneCycle(12, 0.5, { peakAt: 0.25 }),
  sgdr: sgdr([
    { from: 0.1, peak: 0.5, warmupSteps: 2, steps: 6 },
    { peak: 0.3, warmupSteps: 1, steps: 8 },
  ]),
}

/** At the steps 0, 1, ...: all at once under vmap and jit, and one by one. */
function agrees(schedule: Schedule, wanted: readonly number[]): void {
  const all = jit(vmap(schedule))(arange(wanted.length)).dataSync()
  wanted.forEach((w, i) => expect(Math.abs((all[i] as number) - w), `step ${i}`).toBeLessThanOrEqual(1e-6))
  expect(schedule(3).item()).toBeCloseTo(all[3] as number, 6)
}
describe.each([
  [torch, ofTorch],
  [optax, ofOptax],
] as const)('schedules as they have them', (fixtures, all) => {
  it.each(Object.entries(all))(`${fixtures.origin.split(/ in |,/)[0]}: %s`, (name, schedule) =>
    agrees(schedule, fixtures.schedules[name] as number[]),
  )
})

describe('schedules as functions', () => {
  it('map is a functor, that of fp-ts’ Reader', () => {
    const f = (x: Tensor): Tensor => multiply(x, 2),
      g = (x: Tensor): Tensor => x.add(1)
    const values = (s: Schedule): readonly number[] => [...vmap(s)(arange(6)).dataSync()]
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(ofOptax)), s => {
        expect(values(schedules.map(x => x)(s))).toEqual(values(s))
        expect(values(schedules.map(g)(schedules.map(f)(s)))).toEqual(values(schedules.map(x => g(f(x)))(s)))
        expect(values(schedules.map(f)(s))).toEqual(values(reader.Functor.map(s, f)))
      }),
      { numRuns: 4 },
    )
  })
  it('a constant never changes', () => agrees(constant(0.3), [0.3, 0.3, 0.3, 0.3]))
  it('refuse what has no meaning, by name', () => {
    expect(() => cosineDecay(1, 0)).toThrow(/schedules.cosineDecay: needs a positive number of steps, got 0/)
    expect(() => join([constant(1)], [3])).toThrow(/1 schedules need 0 boundaries, got 1/)
  })
})

describe('injectHyperparams', () => {
  const grads = { x: array([1, 2]) },
    params = { x: array([1, 1]) }
  it('holds the rates of the next update, those of schedules too', () => {
    const optimizer = injectHyperparams({ rate: linear(0.1, 0.3, 2), weightDecay: 0.5 }, h => adamw(h.rate, { weightDecay: h.weightDecay }))
    let state = optimizer.init(params)
    expect(state.hyperparams.rate.item()).toBeCloseTo(0.1)
    const [updates, next] = jit((s: typeof state) => optimizer.update(grads, s, params))(state)
    const [wanted] = adamw(0.1, { weightDecay: 0.5 }).update(grads, adamw().init(params), params)
    expect([...updates.x.dataSync()]).toEqual([...wanted.x.dataSync()])
    state = next
    expect([state.hyperparams.rate.item(), state.hyperparams.weightDecay.item()].map(x => x.toFixed(2))).toEqual(['0.20', '0.50'])
  })
  it('takes another value without a new trace', () => {
    let traces = 0
    const optimizer = injectHyperparams({ rate: 0.1 }, h => {
      traces++
      return sgd(h.rate)
    })
    const step = jit((s: ReturnType<typeof optimizer.init<typeof params>>) => applyUpdates(params, optimizer.update(grads, s, params)[0]))
    const state = optimizer.init(params)
    step(state)
    const before = traces
    expect([...step({ ...state, hyperparams: { rate: array(1) } }).x.dataSync()]).toEqual([0, -1])
    expect(traces).toBe(before)
  })
  it('a traced rate serves any optimiser', () => {
    const sweep = vmap((rate: Tensor) => adam(rate).update(grads, adam(rate).init(params), params)[0].x)(array([0.1, 0.2]))
    ;[...sweep.dataSync()].forEach((v, i) => expect(v).toBeCloseTo(i < 2 ? -0.1 : -0.2, 5))
  })
})
