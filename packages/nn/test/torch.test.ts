/** Layers, losses, activations, initialisers and optimisers against PyTorch's answers (fixtures/torch.json, written by tools/fixtures-nn.py). */
import { describe, expect, it } from 'vitest'
import { type Tensor, abs, array, grad, init, jit, log, max, multiply, random, square, std, subtract, sum, vjp } from '@cotangent/core'
import {
  type GradientTransformation,
  type StateOf,
  adam,
  applyUpdates,
  avgPool2d,
  conv2d,
  initializers,
  klDivergence,
  logSoftmax,
  maxPool2d,
  meanSquaredError,
  momentum,
  opaque,
  relu,
  sgd,
  sigmoid,
  softmax,
  softmaxCrossEntropy,
  softplus,
  tanh,
} from '@cotangent/nn'
import { close, readFixtures, values } from './support/fixtures.ts'

await init({ backend: 'reference' })

type Pair = readonly [number, number]
interface Window {
  readonly input: readonly number[]
  readonly window: Pair
  readonly strides: Pair
  readonly padding: 'SAME' | 'VALID'
  readonly shape: readonly number[]
}
interface Convolution extends Window {
  readonly filters: number
  readonly output: number[]
  readonly inputGradient: number[]
  readonly kernelGradient: number[]
  readonly biasGradient: number[]
}
interface Pool extends Window {
  readonly max: number[]
  readonly mean: number[]
}
interface Trace {
  readonly problem: 'quadratic' | 'rosenbrock'
  readonly optimizer: string
  readonly rate: number
  readonly start: number[]
  readonly points: Pair[]
}
interface Fixtures {
  readonly origin: string
  readonly convolutions: readonly Convolution[]
  readonly pools: readonly Pool[]
  readonly losses: Readonly<
    Record<'each' | 'mean' | 'sum' | 'weighted' | 'weightedGradient' | 'distributions' | 'klDivergence' | 'meanSquaredError', number[]>
  >
  readonly activations: Readonly<Record<'x' | 'relu' | 'sigmoid' | 'tanh' | 'softplus' | 'softmax' | 'logSoftmax', number[]>>
  readonly traces: readonly Trace[]
  readonly initializers: {
    readonly shape: readonly number[]
    readonly fans: Pair
    readonly glorotUniformStd: number
    readonly heStd: number
  }
}
const fixtures = readFixtures<Fixtures>('torch.json')

describe(`as ${fixtures.origin}`, () => {
  for (const c of fixtures.convolutions) {
    it(`conv2d ${c.window.join('x')}, strides ${c.strides.join()}, ${c.padding}, on [${c.input.join()}]: value and gradients`, () => {
      const layer = conv2d(c.filters, c.window, { strides: c.strides, padding: c.padding })
      expect(layer.init(random.key(0), c.input.slice(1)).output).toEqual(c.shape.slice(1))
      const params = { kernel: values([...c.window, c.input[3] as number, c.filters], 2), bias: values([c.filters], 3) }
      const [y, pullback] = vjp((p: typeof params, x: Tensor) => layer.apply(p, x), params, values(c.input, 1))
      expect(y.shape).toEqual(c.shape)
      const [p, x] = pullback(values(c.shape, 4))
      close(y, c.output)
      close(x, c.inputGradient)
      close(p.kernel, c.kernelGradient)
      close(p.bias, c.biasGradient)
    })
  }
  for (const p of fixtures.pools) {
    it(`pooling ${p.window.join('x')}, strides ${p.strides.join()}, ${p.padding}, on [${p.input.join()}]`, () => {
      const x = values(p.input, 5),
        options = { strides: p.strides, padding: p.padding }
      const largest = maxPool2d(p.window, options)
      expect(largest.init(random.key(0), p.input.slice(1)).output).toEqual(p.shape.slice(1))
      expect(largest.apply(null, x).shape).toEqual(p.shape)
      close(largest.apply(null, x), p.max)
      close(avgPool2d(p.window, options).apply(null, x), p.mean)
    })
  }
  it('losses, reductions and weights', () => {
    const { losses } = fixtures,
      logits = values([5, 4], 6).mul(3),
      ids = array([3, 0, 2, 2, 1], { dtype: 'int32' }),
      weights = array([1, 0.5, 0, 2, 1.5])
    close(softmaxCrossEntropy(logits, ids, { reduction: 'none' }), losses.each)
    close(softmaxCrossEntropy(logits, ids), losses.mean)
    close(softmaxCrossEntropy(logits, ids, { reduction: 'sum' }), losses.sum)
    close(softmaxCrossEntropy(logits, ids, { weights }), losses.weighted)
    close(grad((z: Tensor) => softmaxCrossEntropy(z, ids, { weights }))(logits), losses.weightedGradient)
    const truth = softmax(values([5, 4], 7)),
      prediction = softmax(values([5, 4], 8))
    close(softmaxCrossEntropy(logits, truth), losses.distributions)
    close(klDivergence(prediction, truth), losses.klDivergence)
    close(meanSquaredError(values([3, 2, 2], 9), values([3, 2, 2], 10)), losses.meanSquaredError)
  })
  it('activations', () => {
    const { x, ...wanted } = fixtures.activations
    const functions = { relu, sigmoid, tanh, softplus, softmax, logSoftmax }
    for (const [name, f] of Object.entries(functions)) close(f(array(x)), wanted[name as keyof typeof wanted])
  })
})

describe('100 steps as PyTorch takes them', () => {
  const problems: Readonly<Record<Trace['problem'], (p: Tensor) => Tensor>> = {
    quadratic: p => sum(multiply(multiply(subtract(p, array([1, 0.5])), subtract(p, array([1, 0.5]))), array([0.5, 5]))),
    rosenbrock: p => {
      const x = p.slice(0, 1),
        y = p.slice(1, 2)
      return sum(square(subtract(1, x)).add(multiply(square(subtract(y, square(x))), 100)))
    },
  }
  const make = (name: string, rate: number): GradientTransformation<StateOf> => {
    switch (name) {
      case 'sgd':
        return opaque(sgd(rate))
      case 'momentum':
        return opaque(momentum(rate))
      case 'nesterov':
        return opaque(momentum(rate, { nesterov: true }))
      case 'adam':
        return opaque(adam(rate))
      default:
        return opaque(adam(rate, { b1: 0.8, b2: 0.95, eps: 1e-3 }))
    }
  }
  for (const t of fixtures.traces) {
    it(`${t.optimizer} on a ${t.problem}`, () => {
      const optimizer = make(t.optimizer, t.rate),
        gradient = grad(problems[t.problem])
      const step = jit((p: Tensor, s: unknown) => {
        const [updates, next] = optimizer.update(gradient(p), s, p)
        return [applyUpdates(p, updates), next] as const
      })
      let p = array(t.start),
        s: unknown = optimizer.init(p)
      const points: number[] = []
      for (let i = 0; i < 100; i++) {
        ;[p, s] = step(p, s)
        if (i % 10 === 9) points.push(...p.dataSync())
      }
      t.points.flat().forEach((w, i) => expect(Math.abs((points[i] as number) - w)).toBeLessThanOrEqual(1e-5))
    })
  }
})

describe('initialisers', () => {
  const { shape, fans, glorotUniformStd, heStd } = fixtures.initializers
  const { glorotNormal, glorotUniform, heNormal, heUniform, lecunNormal, lecunUniform } = initializers
  const cases = {
    glorotUniform: [glorotUniform(), glorotUniformStd],
    glorotNormal: [glorotNormal(), glorotUniformStd],
    heUniform: [heUniform(), heStd],
    heNormal: [heNormal(), heStd],
    lecunUniform: [lecunUniform(), heStd / Math.SQRT2],
    lecunNormal: [lecunNormal(), heStd / Math.SQRT2],
    normal: [initializers.normal(0.5), 0.5],
  } as const
  const largest = (t: Tensor): number => max(abs(t)).item()
  it('count inputs and outputs as PyTorch', () => expect(initializers.fans(shape)).toEqual(fans))
  for (const [name, [initializer, wanted]] of Object.entries(cases)) {
    it(`${name}: mean 0 and the standard deviation of the paper`, () => {
      const t = initializer(random.key(1), shape)
      // 1152 draws: the standard error of the standard deviation is about 2 %.
      expect(Math.abs(std(t).item() / wanted - 1)).toBeLessThan(0.08)
      expect(Math.abs(t.mean().item())).toBeLessThan((4 * wanted) / Math.sqrt(t.size))
    })
  }
  it('uniform ones keep within sqrt(3) standard deviations, truncated normal ones within two of the normal', () => {
    expect(largest(heUniform()(random.key(2), shape))).toBeLessThanOrEqual(heStd * Math.sqrt(3) * (1 + 1e-6))
    expect(largest(heNormal()(random.key(2), shape))).toBeLessThanOrEqual(((heStd * 2) / 0.8796) * (1 + 1e-3))
  })
  it('zeros, ones, constant', () => {
    for (const [f, v] of [
      [initializers.zeros, 0],
      [initializers.ones, 1],
      [initializers.constant(3), 3],
    ] as const)
      expect([...f(random.key(0), [2]).dataSync()]).toEqual([v, v])
  })
})

it('log-softmax is the logarithm of softmax', () => {
  const x = values([3, 4], 11)
  close(logSoftmax(x), [...log(softmax(x)).dataSync()])
})
