/** Bad rates, limits and steps are refused by name; 16 bits train without squares that overflow or vanish. */
import { describe, expect, it } from 'vitest'
import { CotangentError, type Tensor, array, init, scan, tree } from '@cotangent/core'
import * as nn from '@cotangent/nn'

await init({ backend: 'reference' })

const untyped = (x: unknown): never => x as never
const params = { w: array([1, 2]) },
  half = (...values: readonly number[]): { w: Tensor } => ({ w: array([...values], { dtype: 'float16' }) })
const updateOf = <F extends nn.StateOf>(o: nn.GradientTransformation<F>, grads = params, p = params): { w: Tensor } =>
  o.update(grads, o.init(p), p)[0]
const values = ({ w }: { w: Tensor }): readonly number[] => [...w.dataSync()]

describe('is refused', () => {
  it.for<readonly [what: string, f: () => unknown, message: RegExp]>([
    ...[NaN, Infinity, '0.1', undefined].map(
      rate => [`a rate of ${rate}`, () => updateOf(nn.sgd(untyped(rate))), /optimiser: the learning rate must be a finite number/] as const,
    ),
    ['a schedule of NaN', () => updateOf(nn.adamw(() => NaN)), /the learning rate must be a finite number.*got NaN/],
    ['a decay', () => updateOf(nn.adam(0.1, { b1: 2 })), /the decay of a mean \(b1, b2\) must be in \[0, 1\], got 2/],
    ['no steps', () => nn.accumulate(nn.sgd(0.1), 0), /accumulate: every must be a positive integer, got 0/],
    [
      'boundaries that fall',
      () => nn.schedules.join([0, 1, 2].map(nn.schedules.constant), [10, 5]),
      /join: boundaries must rise, got 10, 5/,
    ],
    ['a place of the peak', () => nn.schedules.oneCycle(10, 1, { peakAt: 2 }), /oneCycle: peakAt must be in \[0, 1\], got 2/],
    ['a norm', () => nn.clipByGlobalNorm(-1), /clipByGlobalNorm: the limit must be a number above 0, got -1/],
    ['a limit', () => nn.clip(NaN), /clip: the limit must be a number above 0, got NaN/],
    [
      'updates of another shape',
      () => nn.applyUpdates(params, { w: array([[1], [2]]) }),
      /applyUpdates: parameters \[2\] and updates \[2, 1\]/,
    ],
    ['a mode', () => nn.earlyStopping({ mode: untyped('maximum') }), /earlyStopping: unknown mode 'maximum'/],
    ['patience', () => nn.earlyStopping({ patience: NaN }), /earlyStopping: patience must be a number of at least 0, got NaN/],
  ])('%s', ([, f, message]) => {
    expect(f).toThrow(CotangentError)
    expect(f).toThrow(message)
  })
  const batches = [array([1])]
  it.for<readonly [what: string, step: unknown, batches: unknown, message: RegExp]>([
    ['no step', undefined, batches, /fit: the step must be a function .* got undefined/],
    ['a step without metrics', (s: unknown) => s, batches, /fit: the step must return \[state, metrics\], got an object/],
    ['a metric that is a number', (s: unknown) => [s, { loss: 1 }], batches, /fit: the metric loss must be a tensor, got 1/],
    ['no batches', (s: unknown) => [s, {}], undefined, /fit: the batches must be iterable, .* got undefined/],
    ['batches that are none', (s: unknown) => [s, {}], {}, /fit: the batches must be iterable, .* got an object/],
  ])('%s', async ([, step, source, message]) => {
    await expect(nn.fit(untyped(step), params, untyped(source))).rejects.toThrow(message)
    await expect(nn.fit(untyped(step), params, untyped(source))).rejects.toBeInstanceOf(CotangentError)
  })
})

describe('a checkpoint', () => {
  const batches = [array([1])],
    step = (s: typeof params): readonly [typeof params, { loss: Tensor }] => [s, { loss: array(1) }]
  it('needs a store', async () => {
    for (const store of [undefined, 'run.safetensors'])
      await expect(nn.fit(step, params, batches, { checkpoint: { store: untyped(store) } })).rejects.toThrow(
        /^fit: checkpoint.store must be a store/,
      )
  })
  it('of a run with another stop rule is refused by name', async () => {
    let bytes: Uint8Array | null = null
    const store: nn.CheckpointStore = {
      name: 'memory',
      read: () => Promise.resolve(bytes),
      write: written => {
        bytes = written
        return Promise.resolve()
      },
    }
    const run = (epochs: number, stop: nn.StopRule) => nn.fit(step, params, batches, { epochs, stop, checkpoint: { store } })
    await run(1, nn.earlyStopping())
    await expect(run(2, nn.anyOf(nn.earlyStopping(), nn.stopOnNonFinite()))).rejects.toThrow(
      /^anyOf: what the run remembers is of another stop rule/,
    )
  })
  it('and options that there are not are refused', () =>
    expect(nn.fit(step, params, batches, untyped({ epoch: 3 }))).rejects.toThrow(/fit: there is no option epoch; there are epochs,/))
})

describe('16 bits', () => {
  it('are clipped by their norm, which may be beyond float16', () => {
    expect(values(updateOf(nn.clipByGlobalNorm(5), half(300, 400), half(1, 1)))).toEqual([3, 4])
  })
  it('have norms beyond float16', () => {
    const w = array([[30000], [40000]], { dtype: 'float16' })
    expect([...nn.constraints.maxNorm(5)(w).dataSync()]).toEqual([3, 4])
    expect(
      nn.regularizers
        .l2(1)({ w: array([300], { dtype: 'float16' }) })
        .item(),
    ).toBe(90000)
    expect(
      nn
        .avgPool1d(2)
        .apply(null, array([[[40000], [50000]]], { dtype: 'float16' }))
        .item(),
    ).toBeCloseTo(45000, -2)
  })
  it('take the steps of float32 for small gradients, and none for no gradient', () => {
    const optimizers: readonly nn.GradientTransformation<nn.StateOf>[] = [
      nn.adam(0.1),
      nn.adamw(0.1, { weightDecay: 0 }),
      nn.rmsprop(0.1),
    ].map(untyped)
    for (const optimizer of optimizers) {
      const wide = values(updateOf(optimizer, { w: array([1e-4, 0]) }))
      const got = values(updateOf(optimizer, half(1e-4, 0), half(1, 1)))
      expect(got[0]).toBeCloseTo(wide[0] as number, 3)
      expect(got[1]).toBeCloseTo(0, 10)
    }
  })
  it('stay what they are, under scan too', () => {
    for (const optimizer of [nn.adam(0.1), nn.momentum(0.1), nn.applyIfFinite(nn.adam(0.1))]) {
      const start = half(1, 2)
      const step = ([p, s]: readonly [{ w: Tensor }, unknown], g: Tensor): readonly [readonly [{ w: Tensor }, unknown], Tensor] => {
        const [updates, next] = optimizer.update({ w: g }, untyped(s), p)
        return [[nn.applyUpdates(p, updates), next], g]
      }
      const [[trained]] = scan(
        untyped(step),
        untyped([start, optimizer.init(start)]),
        array(
          [
            [1, 1],
            [1, 1],
          ],
          { dtype: 'float16' },
        ),
      ) as unknown as [[{ w: Tensor }]]
      expect(tree.leaves(trained).map(t => t.dtype)).toEqual(['float16'])
    }
  })
})
