/**
 * The device suite in its short form, as it is carried to a machine with a GPU: bundled, on the fake driver instead of one. Without the stages that
 * add nothing but time here: a second network, and PyTorch, which may not be there.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { init, makeProgram, numpy as np, type Tensor, zeros } from '@cotangent/core'
import { afterAll, expect, test } from 'vitest'
import { packageFolder } from '../../../examples/lib/mnist.ts'
import { comparison, differenceOf, type Finished } from '../device/report.ts'
import { faultsOf } from '../device/convolutions.ts'
import { occupancy } from '../device/occupancy.ts'
import { bundleSuite, checkFolder } from '../device/pack.ts'
import { collect } from '../device/runner.ts'
import { estimateXla } from '../device/xla.ts'
import { buildAddon } from '../scripts/build-addon.ts'
import { fakeDriver } from './kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'cotangent-device-'))
afterAll(() => rmSync(folder, { recursive: true }))
const pathTo = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

const stages = ['machine', 'abi', 'bits', 'memory', 'mlp', 'operations', 'bench', 'kernels', 'convolutions']

test('every stage passes', { timeout: 240_000 }, async () => {
  const addon = join(folder, 'prebuilt/linux-x64/cuda.node')
  await bundleSuite(folder)
  mkdirSync(dirname(addon), { recursive: true })
  cpSync(await buildAddon(), addon)
  const options = {
    out: join(folder, 'out'),
    library: (await fakeDriver()).library,
    data: packageFolder(),
    native: pathTo('native'),
    peers: pathTo('device/bench.py'),
    processes: '2',
    only: stages.join(),
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'suite/dist/main.mjs'), '--short', ...args], { encoding: 'utf8' })
  const report = JSON.parse(readFileSync(join(options.out, 'report.json'), 'utf8')) as { readonly stages: readonly Finished[] }
  expect(
    report.stages.filter(s => s.outcome.status === 'failed'),
    stdout + stderr,
  ).toEqual([])
  // The declarations are compared where there are headers.
  expect(report.stages.flatMap(s => (s.outcome.status === 'passed' || s.name === 'abi' ? [s.name] : []))).toEqual(stages)
  const text = readFileSync(join(options.out, 'report.md'), 'utf8')
  expect(text).toContain('xformer_1024_train tf32')
  // What the look-alike of cuDNN does not support is a line, like what it does.
  expect(text).toContain('not supported: cuDNN IMPLICIT_GEMM')
  expect(text).toMatch(/us {2}cuDNN IMPLICIT_PRECOMP_GEMM, channels first, error [\d.]+e-[78]/)
})

test('a convolution as the backend computes it may not fail, miss or differ; other ways may', () => {
  const right = { way: 'the backend', ms: 1, error: 1e-7 }
  const wrong = [{ problem: 'not supported' }, { error: 1e-3 }, { error: NaN }, { differs: true as const }].map(change => ({
    ...right,
    ...change,
  }))
  for (const one of wrong) {
    expect(faultsOf('float32', 'small', [one])).toHaveLength(1)
    expect(faultsOf('float32', 'small', [right, { ...one, way: 'cuDNN GEMM' }])).toEqual([])
  }
  expect(faultsOf('tf32', 'small', [{ ...right, error: 1e-3 }])).toEqual([])
})

test('what is packed replaces no folder with other things in it', () => {
  expect(() => checkFolder(pathTo('native'))).toThrow(/native has something else in it/)
  expect(() => checkFolder(pathTo('package.json'))).toThrow(/something else/)
  expect(() => checkFolder(join(folder, 'not there'))).not.toThrow()
})

test('the runner counts what fails, and goes on', async () => {
  const { runner, run } = collect(),
    order: string[] = []
  runner.describe('outer', () => {
    runner.beforeAll(() => void order.push('before'))
    runner.afterAll(() => void order.push('after'))
    runner.describe('inner', () => {
      runner.it('throws', async () => {
        throw new Error('no')
      })
      runner.it('holds', () => void order.push('holds'))
    })
  })
  expect(await run()).toEqual({ passed: 1, failures: [{ name: 'outer > inner > throws', message: 'no' }] })
  expect(order).toEqual(['before', 'holds', 'after'])
})

test('the comparison takes the quieter run, names what failed, and compares numbers', () => {
  const ours = { row: 'mlp_train', precision: 'float32', library: 'cotangent', first: 9, median: 2, least: 1, check: [1, 2] } as const
  const peer = { ...ours, library: 'torch', median: 4, check: [1, 2.02] }
  const text = comparison(
    { timings: [ours], bandwidth: { copy: 2e9, elementwise: 1e9 } },
    [peer, { ...peer, median: 3 }, { ...peer, library: 'jax', median: NaN }],
    false,
  )
  expect(text).toContain('| mlp_train float32 | 2.00 / 1.00 | 3.00 / 1.00 | failed / 1.00 | 0.67 | 1.0e-2 |')
  expect(text).toContain('50 % of')
  expect(differenceOf([], [])).toBeNaN()
})

test("XLA's kernels: calls of libraries, and fusions that end at what is stored", async () => {
  await init({ backend: 'reference' })
  const [x, w, b] = [zeros([8, 4]), zeros([4, 4]), zeros([4])]
  const estimate = (f: (x: Tensor, w: Tensor, b: Tensor) => unknown) =>
    estimateXla(makeProgram(f as (x: Tensor, w: Tensor, b: Tensor) => Tensor)(x, w, b))
  expect(estimate(x => np.tanh(x).mul(x).add(1))).toEqual({ library: 0, separate: 1, merged: 1 })
  expect(estimate((x, w, b) => np.tanh(x.matmul(w).add(b)).sum())).toEqual({ library: 1, separate: 1, merged: 1 })
  expect(estimate((x, w) => np.exp(x.matmul(w.transpose())).matmul(w))).toEqual({ library: 2, separate: 1, merged: 1 })
  // A maximum, then a sum of exponentials, then the division.
  expect(estimate(x => np.exp(x.sub(x.max({ axis: 1, keepdims: true }))).div(np.exp(x).sum({ axis: 1, keepdims: true })))).toEqual({
    library: 0,
    separate: 3,
    merged: 2,
  })
  expect(estimate((x, w, b) => [x.mul(2), w.mul(2), b.mul(2)])).toEqual({ library: 0, separate: 3, merged: 1 })
})

test('occupancy is bound by warps, registers or shared memory', () => {
  expect(occupancy(256, { registers: 32, shared: 0 })).toBe(1)
  expect(occupancy(256, { registers: 64, shared: 0 })).toBe(0.5)
  expect(occupancy(256, { registers: 32, shared: 56 * 1024 })).toBe(0.5)
  expect(occupancy(32, { registers: 16, shared: 0 })).toBe(0.5)
})
