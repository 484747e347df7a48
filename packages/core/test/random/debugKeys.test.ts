/** Keys that are used twice are found, with both lines; right uses are not reported. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setBackend } from '../../src/backend/current.ts'
import { createReference } from '../../src/backend/reference.ts'
import { debugKeys, grad, jit, type Key, type ModeSwitch, random, scan, type Tensor, vmap, zeros } from '../../src/index.ts'

let mode: ModeSwitch
beforeAll(() => {
  setBackend(createReference())
  mode = debugKeys()
})
afterAll(() => {
  mode[Symbol.dispose]()
  setBackend(null)
})

let seed = 0
/** One that no test has used. */
const fresh = (): Key => random.key(seed++)
const twice = (f: () => unknown): void => {
  for (let i = 0; i < 2; i++) f()
}
const noise = (k: Key, x: Tensor): Tensor => x.add(random.normal(k, x.shape)).sum()

/** `k` is new, of `n` a new seed is made. */
const wrong: Readonly<Record<string, (k: Key, n: number) => unknown>> = {
  'two draws': k => [random.normal(k), random.uniform(k)],
  'a draw in a loop': k => twice(() => random.normal(k, [2])),
  'a draw of several steps in a loop': k => twice(() => random.gamma(k, 2, [2])),
  'a draw and split': k => [random.split(k), random.bernoulli(k)],
  'a draw and foldIn': k => [random.normal(k), random.foldIn(k, 1)],
  'the same seed': (_, n) => [random.normal(random.key(n)), random.uniform(random.key(n))],
  'the same data folded in': k => [random.normal(random.foldIn(k, 7)), random.uniform(random.foldIn(k, 7))],
  'a parent and its child': k => [random.split(k), random.splitBatch(k, 2)],
  'inside a scan': k => scan((c: Key, x: Tensor) => [random.foldIn(c, 1), noise(c, x)], k, zeros([2, 3])),
  'two calls of a jitted function': k => {
    const f = jit(noise)
    return [f(k, zeros([2])), f(k, zeros([2]))]
  },
  'inside vmap': k => vmap((one: Key) => random.normal(one).add(random.uniform(one)))(random.splitBatch(k, 3)),
}
const right: Readonly<Record<string, (k: Key) => unknown>> = {
  'keys that were split': k => random.split(k, 3).map(one => random.normal(one, [2])),
  'a chain of splits': k => {
    for (let i = 0, key = k; i < 3; i++) {
      const [next, own] = random.split(key)
      random.permutation(own, 4)
      key = next
    }
  },
  'different data folded in': k => [0, 1, 2].map(i => random.uniform(random.foldIn(k, i))),
  'samplers that use their key several times': k => {
    const keys = random.split(k, 6) as readonly Key[]
    const draws = [
      (own: Key) => random.gamma(own, 2, [2]),
      (own: Key) => random.poisson(own, 3, [2]),
      (own: Key) => random.choice(own, 5, [2], { replace: false }),
      (own: Key) => random.truncatedNormal(own, -1, 1, [2]),
      (own: Key) => random.dirichlet(own, zeros([3]).add(1)),
      (own: Key) => random.randint(own, [2], 0, 5),
    ]
    draws.forEach((draw, i) => draw(keys[i] as Key))
  },
  'a batch under vmap and a gradient': k => {
    const [a, b] = random.split(k)
    vmap((one: Key) => random.normal(one, [2]))(random.splitBatch(a, 3))
    grad((x: Tensor) => noise(b, x))(zeros([2]))
  },
}

describe('debugKeys', () => {
  for (const [name, f] of Object.entries(wrong))
    it(`finds ${name}`, () => {
      const run = (): unknown => f(fresh(), 1000 + seed++)
      expect(run).toThrow(
        /^debugKeys: random\.\w+ uses a key that random\.\w+ has used, at .*debugKeys\.test\.ts:\d+:\d+\)?, and.*split(.|\n)*\n {2}at .*debugKeys\.test\.ts/,
      )
      expect(run).toThrow(expect.objectContaining({ kind: 'CheckError' }))
    })
  for (const [name, f] of Object.entries(right))
    it(`accepts ${name}`, () => {
      f(fresh())
    })
  it('is off outside', () => {
    const inner = debugKeys(false)
    const k = fresh()
    expect(() => [random.normal(k), random.normal(k)]).not.toThrow()
    inner[Symbol.dispose]()
  })
})
