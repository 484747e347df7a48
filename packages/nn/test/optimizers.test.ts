/** Optimisers: 100 steps as PyTorch and optax take them, in one compiled scan; and the same steps eager, compiled, and vmapped over rates. */
import { describe, expect, it } from 'vitest'
import {
  type Tensor,
  abs,
  array,
  grad,
  init,
  jit,
  multiply,
  random,
  scan,
  square,
  subtract,
  sum,
  tree,
  valueAndGrad,
  vmap,
} from '@cotangent/core'
import { checkGrads } from '@cotangent/core/testing'
import {
  type LearningRate,
  type Opaque,
  accumulate,
  adabelief,
  adadelta,
  adafactor,
  adagrad,
  adam,
  adamax,
  adamw,
  adaptiveGradClip,
  addDecayedWeights,
  addNoise,
  amsgrad,
  applyIfFinite,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  ema,
  lamb,
  lars,
  lbfgs,
  lion,
  lookahead,
  momentum,
  muon,
  muonOfMatrices,
  nadam,
  novograd,
  opaque,
  partition,
  prodigy,
  radam,
  reduceOnPlateau,
  rmsprop,
  rprop,
  sam,
  scheduleFree,
  sgd,
  sm3,
  sophia,
  yogi,
} from '@cotangent/nn'
import { readFixtures, values } from './support/fixtures.ts'

await init({ backend: 'reference' })

interface Fixtures {
  readonly origin: string
  readonly traces: Readonly<Record<string, number[]>>
}
const torch = readFixtures<Fixtures>('optim.json'),
  optax = readFixtures<Fixtures>('optax-optim.json')

/** Steps from `start`: the parameters after each. Loss and gradient go to optimisers that look at them. */
function steps<P>(loss: (p: P) => Tensor, optimizer: Opaque, start: P, length = 100): P {
  const step = ([p, s]: readonly [P, unknown]): readonly [readonly [P, unknown], P] => {
    const [value, grads] = (valueAndGrad(loss as never) as unknown as (p: P) => readonly [Tensor, P])(p)
    const [updates, next] = optimizer.update(grads, s as never, p, { value, loss })
    const moved = applyUpdates(p, updates)
    return [[moved, next], moved]
  }
  return scan(step, [start, optimizer.init(start)] as readonly [P, unknown], null, { length })[1]
}
function near(points: Tensor, wanted: readonly number[], every: number): void {
  const got = points.dataSync(),
    width = points.size / 100
  wanted.forEach((w, i) => {
    const step = Math.floor(i / width) * every + every - 1
    expect(Math.abs((got[step * width + (i % width)] as number) - w), `step ${step + 1}`).toBeLessThanOrEqual(1e-5)
  })
}

const rosenbrock = (p: Tensor): Tensor => {
  const x = p.slice(0, 1),
    y = p.slice(1, 2)
  return sum(square(subtract(1, x)).add(multiply(square(subtract(y, square(x))), 100)))
}
const problems = {
  quadratic: { start: [3, -2], loss: (p: Tensor) => sum(multiply(square(subtract(p, array([1, 0.5]))), array([0.5, 5]))) },
  rosenbrock: { start: [-1.2, 1], loss: rosenbrock },
} as const

describe(`100 steps as ${torch.origin.split(' in ')[0]}`, () => {
  const optimizers: Readonly<Record<string, Opaque>> = {
    adamw: opaque(adamw(0.05, { weightDecay: 0.1 })),
    amsgrad: opaque(amsgrad(0.05, { b1: 0.9, b2: 0.9 })),
    nadam: opaque(nadam(0.02)),
    radam: opaque(radam(5e-4, { b2: 0.99 })),
    adamax: opaque(adamax(0.02)),
    adadelta: opaque(adadelta(0.5)),
    adagrad: opaque(adagrad(0.1, { initialAccumulator: 0, eps: 1e-10 })),
    rmsprop: opaque(rmsprop(0.01, { decay: 0.99 })),
    rmspropCentered: opaque(rmsprop(0.002, { centered: true, momentum: 0.5 })),
    rprop: opaque(rprop(0.01)),
    lbfgs: opaque(lbfgs(0.05, { memory: 5 })),
    weightDecay: opaque(chain(addDecayedWeights(0.1), momentum(1e-3, { decay: 0.5 }))),
  }
  // On Rosenbrock's function the rounding of float32 grows tenfold every ten steps.
  const precise = ['lbfgs']
  for (const [name, optimizer] of Object.entries(optimizers))
    for (const [problem, { start, loss }] of Object.entries(problems))
      it(`${name} on a ${problem}`, () =>
        near(
          jit((p: Tensor) => steps(loss, optimizer, p))(array(start, { dtype: precise.includes(name) ? 'float64' : 'float32' })),
          torch.traces[`${name} ${problem}`] as number[],
          10,
        ))
})

interface Params {
  readonly b: Tensor
  readonly w: Tensor
}
const start: Params = { b: values([4], 1), w: values([3, 4], 2) },
  target: Params = { b: values([4], 3), w: values([3, 4], 4) },
  curvature: Params = { b: abs(values([4], 5)).add(1), w: abs(values([3, 4], 6)).add(1) }
const loss = <P extends Partial<Params>>(p: P): Tensor =>
  (Object.keys(p) as (keyof Params)[])
    .map(k => sum(multiply(square(subtract(p[k] as Tensor, target[k])), curvature[k])).div(2))
    .reduce((x, y) => x.add(y))

const matrices = (_: string, leaf: Tensor): boolean => leaf.ndim === 2
const key = random.key(0)
/** At the rates and options of the fixtures, times a factor. */
const ofOptax: Readonly<Record<string, (factor: (rate: number) => LearningRate) => Opaque>> = {
  lion: r => opaque(lion(r(0.01), { weightDecay: 0.1 })),
  lamb: r => opaque(lamb(r(0.02), { weightDecay: 0.1, mask: matrices })),
  lars: r => opaque(lars(r(0.5), { weightDecay: 0.1, coefficient: 0.01 })),
  novograd: r => opaque(novograd(r(0.02), { weightDecay: 0.01 })),
  adabelief: r => opaque(adabelief(r(0.05), { eps: 1e-12 })),
  yogi: r => opaque(yogi(r(0.05))),
  adafactor: r => opaque(adafactor(r(0.05), { minDimSizeToFactor: 3 })),
  sm3: r => opaque(sm3(r(0.1))),
  sophia: r => opaque(sophia(r(0.02), key, { gamma: 0.5 })),
  prodigy: r => opaque(prodigy(r(1), { initialDistance: 1e-2 })),
  scheduleFree: r => opaque(scheduleFree(sgd(r(0.1)), r(0.1))),
  accumulate: r => opaque(accumulate(adam(r(0.05)), 3)),
  plateau: r => opaque(chain(adam(r(0.2)), reduceOnPlateau({ factor: 0.5, patience: 2, accumulationSize: 3, cooldown: 1 }))),
  adaptiveGradClip: r => opaque(chain(adaptiveGradClip(0.1), sgd(r(0.2)))),
  clipByGlobalNorm: r => opaque(chain(clipByGlobalNorm(0.5), sgd(r(0.1)))),
  ema: r => opaque(chain(ema(0.9), sgd(r(0.1)))),
  lookahead: r => opaque(lookahead(adam(r(0.05)), { every: 5, slowStep: 0.6 })),
}

describe(`100 steps as ${optax.origin.split(',')[0]}`, () => {
  for (const [name, make] of Object.entries(ofOptax)) {
    it(name, () => {
      const points = jit((p: Params) =>
        steps(
          loss,
          make(rate => rate),
          p,
        ),
      )(start)
      const wanted = optax.traces[name] as number[]
      near(
        points.b,
        wanted.filter((_, i) => i % 16 < 4),
        20,
      )
      near(
        points.w,
        wanted.filter((_, i) => i % 16 >= 4),
        20,
      )
    })
  }
  it('muonOfMatrices is muon where all are matrices', () => {
    const run = (o: Opaque): readonly number[] => [
      ...jit((w: Tensor) => steps((p: { readonly w: Tensor }) => loss(p), o, { w }, 3).w)(start.w).dataSync(),
    ]
    expect(run(opaque(muonOfMatrices(0.02)))).toEqual(run(opaque(muon(0.02))))
  })
  it('muon', () => {
    const points = jit((w: Tensor) => steps((p: { readonly w: Tensor }) => loss(p), opaque(muon(0.02)), { w }))(start.w)
    near(points.w, optax.traces['muon'] as number[], 20)
  })
})

describe('the same steps eager, compiled, vmapped over rates, and under scan', () => {
  const more: typeof ofOptax = {
    adam: r => opaque(adam(r(0.1))),
    adamw: r => opaque(adamw(r(0.1))),
    amsgrad: r => opaque(amsgrad(r(0.1))),
    nadam: r => opaque(nadam(r(0.1))),
    radam: r => opaque(radam(r(0.1))),
    adamax: r => opaque(adamax(r(0.1))),
    adadelta: r => opaque(adadelta(r(0.1))),
    adagrad: r => opaque(adagrad(r(0.1))),
    rmsprop: r => opaque(rmsprop(r(0.1), { centered: true, momentum: 0.5 })),
    lbfgs: r => opaque(lbfgs(r(0.1), { memory: 2, lineSearch: true })),
    muon: r => opaque(muon(r(0.1))),
    momentum: r => opaque(momentum(r(0.1), { nesterov: true })),
    sgd: r => opaque(sgd(r(0.1))),
    rprop: r => opaque(rprop(r(0.1) as number | Tensor)),
    sam: r => opaque(sam(adam(r(0.1)))),
    applyIfFinite: r => opaque(applyIfFinite(adam(r(0.1)), 2)),
    addNoise: r => opaque(chain(addNoise(key, { eta: 0.1 }), sgd(r(0.1)))),
    partition: r => opaque(partition({ a: adam(r(0.1)), b: sgd(r(0.1)) }, path => (path === 'b' ? 'b' : 'a'))),
  }
  const few =
    (make: (typeof ofOptax)[string]) =>
    (factor: Tensor): Params => {
      const optimizer = make(rate => factor.mul(rate))
      let p = start,
        s = optimizer.init(p)
      for (let i = 0; i < 2; i++) {
        const [value, grads] = valueAndGrad(loss<Params>)(p)
        const [updates, next] = optimizer.update(grads, s, p, { value, loss })
        ;[p, s] = [applyUpdates(p, updates), next]
      }
      return p
    }
  it.each(Object.entries({ ...ofOptax, ...more }))('%s', (_, make) => {
    const run = few(make),
      factors = array([1, 0.3])
    const eager = [run(array(1)), run(array(0.3))] as const
    const compiled = jit(run)(array(1)),
      swept = vmap(run)(factors),
      scanned = steps(
        loss,
        make(rate => rate),
        start,
        2,
      )
    for (const name of ['b', 'w'] as const) {
      const wanted = eager.flatMap(p => [...p[name].dataSync()])
      ;[...compiled[name].dataSync()].forEach((v, i) => expect(v).toBeCloseTo(wanted[i] as number, 4))
      const last = [...scanned[name].dataSync()].slice(-start[name].size)
      last.forEach((v, i) => expect(v).toBeCloseTo(wanted[i] as number, 4))
      ;[...swept[name].dataSync()].forEach((v, i) => expect(v).toBeCloseTo(wanted[i] as number, 4))
    }
  })
})

describe('gradients through updates (meta-learning)', () => {
  const through = (make: (rate: Tensor) => Opaque) => (rate: Tensor, p: Tensor) => {
    const optimizer = make(rate)
    let [q, s] = [p, optimizer.init(p)]
    for (let i = 0; i < 2; i++) {
      const [updates, next] = optimizer.update(grad(problems.quadratic.loss)(q), s, q)
      ;[q, s] = [applyUpdates(q, updates), next]
    }
    return problems.quadratic.loss(q)
  }
  it('sgd', () =>
    checkGrads(
      through(r => opaque(sgd(r))),
      [array(0.05), array([3, -2])],
    ))
  it('adam', () =>
    checkGrads(
      through(r => opaque(adam(r))),
      [array(0.05), array([3, -2])],
    ))
  const others: Readonly<Record<string, (rate: Tensor) => Opaque>> = {
    momentum: r => opaque(momentum(r)),
    nesterov: r => opaque(momentum(r, { nesterov: true })),
    adamw: r => opaque(adamw(r, { weightDecay: 0.1 })),
    nadam: r => opaque(nadam(r)),
    radam: r => opaque(radam(r)),
    adabelief: r => opaque(adabelief(r)),
    adagrad: r => opaque(adagrad(r)),
    adadelta: r => opaque(adadelta(r)),
    rmsprop: r => opaque(rmsprop(r, { centered: true })),
    lamb: r => opaque(lamb(r)),
    lars: r => opaque(lars(r, { coefficient: 0.1 })),
    clipByGlobalNorm: r => opaque(chain(clipByGlobalNorm(2), sgd(r))),
    scheduleFree: r => opaque(scheduleFree(sgd(r), r)),
    lookahead: r => opaque(lookahead(sgd(r), { every: 2, slowStep: 0.5 })),
  }
  it.each(Object.entries(others))('%s', (_, make) => checkGrads(through(make), [array(0.05), array([3, -2])], { order: 1 }))
})

it('states are plain trees of tensors', () => {
  for (const make of Object.values(ofOptax)) {
    const state = make(r => r).init(start),
      { structure, leaves } = tree.flatten(state)
    expect(tree.sameStructure(tree.unflatten(structure, leaves), state)).toBe(true)
  }
})
