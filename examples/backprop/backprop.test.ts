/** The equations by hand are the gradients: against `grad`, against differences, and as the program prints them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Tensor, array, init, tree } from '@cotangent/core'
import { spawnMain } from '../lib/host/spawn.ts'
import { compare, randomProblem } from './compare.ts'
import { type Network, type Output, backpropagate, forward, loss } from './network.ts'

await init({ backend: 'reference' })
const outputs: readonly Output[] = ['sigmoid', 'softmax']

describe.each(outputs)('%s outputs', output => {
  it('by hand and by grad agree for any network', () => {
    fc.assert(
      fc.property(fc.nat(), seed => {
        const rows = compare(output, seed)
        expect(rows.map(r => r.parameter).sort()).toEqual(['b1', 'b2', 'w1', 'w2'])
        for (const { difference, byHand, byGrad } of rows) {
          expect(difference).toBeLessThan(1e-12)
          expect(Math.abs(byHand - byGrad)).toBeLessThanOrEqual(difference)
        }
      }),
      { numRuns: 20 },
    )
  })
  it('by hand is the slope of the loss', () => {
    const { net, x, y } = randomProblem(1),
      gradient = backpropagate(net, x, y, output),
      h = 1e-6
    for (const name of ['w1', 'b1', 'w2', 'b2'] as const) {
      const at = (shift: number): number => {
        const values = Float64Array.from(net[name].dataSync())
        values[0] = (values[0] as number) + shift
        return loss({ ...net, [name]: array(values, { shape: net[name].shape, dtype: 'float64' }) }, x, y, output).item()
      }
      expect(gradient[name].dataSync()[0]).toBeCloseTo((at(h) - at(-h)) / (2 * h), 7)
    }
  })
  it('outputs are probabilities', () => {
    const { net, x } = randomProblem(2),
      { a2 } = forward(net, x, output)
    expect(a2.dtype).toBe('float64')
    expect([...a2.dataSync()].every(p => p > 0 && p < 1)).toBe(true)
    if (output === 'softmax') for (const total of a2.sum({ axis: 1 }).dataSync()) expect(total).toBeCloseTo(1, 12)
  })
  it('a step down the gradient lowers the loss', () => {
    const { net, x, y } = randomProblem(3)
    const next = tree.map((p: Tensor, g: Tensor) => p.sub(g.mul(0.01)), net, backpropagate(net, x, y, output)) as Network
    expect(loss(next, x, y, output).item()).toBeLessThan(loss(net, x, y, output).item())
  })
})

const main = new URL('main.ts', import.meta.url)

it('the program prints both and the largest difference', () => {
  const { status, out, err } = spawnMain(main, [])
  expect([err, status]).toEqual(['', 0])
  const lines = out.trimEnd().split('\n')
  expect(lines.filter(l => /^ {2}(w1|b1|w2|b2) +-?\d/.test(l))).toHaveLength(8)
  expect(lines.at(-1)).toMatch(/^largest difference \d\.\de-1\d$/)
})
it('the program explains its option, and refuses others in one line', () => {
  expect(spawnMain(main, ['--help'])).toMatchObject({ status: 0, out: expect.stringContaining('--backend NAME') as string })
  expect(spawnMain(main, ['--bckend'])).toEqual({ status: 2, out: '', err: "ValueError: Unknown option '--bckend'. See --help.\n" })
})
