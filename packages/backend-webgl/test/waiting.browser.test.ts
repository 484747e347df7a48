/** Calls that wait leave the page's thread to others. */
import { init, jit, type Jitted, lax, logsumexp, matmul, ones, tanh, type Tensor, tree, valueAndGrad, zeros } from '@cotangent/core'
import type { Buffer, KernelGraph, Loop } from '@cotangent/core/kernel'
import { checkAsynchronousCalls } from '@cotangent/core/testing'
import { expect, test, vi } from 'vitest'
import { elementwise, graphOf } from '../../core/test/support/smallGraphs.ts'
import type { WebglBackend } from '../src/backend.ts'
import { backend as loader } from '../src/index.ts'
import { backendFor } from './kit.ts'
import { addOne } from './smallGraphs.ts'
import { longestTask } from './tasks.ts'

/** How often at most a time is taken that should be short: garbage is collected now and then. */
const ATTEMPTS = 5

test('asynchronous calls equal synchronous ones', async () => {
  const { backend } = await init({ backend: loader })
  await checkAsynchronousCalls()
  await backend.dispose()
})

test('a first asynchronous call keeps no task longer than 50 ms', async () => {
  const { backend } = await init({ backend: loader })
  const x = zeros([64, 64])
  // Twelve kernels of texts that nobody has seen, each with costly mathematics.
  const attempt = (k: number): Promise<number> => {
    const f = jit((v: Tensor) => {
      let y = v
      for (let i = 0; i < 12; i++)
        y = y
          .mul(12 * k + i + 0.5)
          .sum({ axis: 1, keepdims: true })
          .add(tanh(y))
      return y.sum()
    })
    return longestTask(() => f.async(x))
  }
  let longest = Infinity
  for (let k = 0; k < ATTEMPTS && longest >= 50; k++) longest = Math.min(longest, await attempt(k))
  expect(longest).toBeLessThan(50)
  await backend.dispose()
})

/** A convolutional network with a training step of some sixty shaders, of texts that nobody has seen. */
function unseenStep(k: number): { readonly step: Jitted<(p: Params, x: Tensor) => readonly [Tensor, Params]>; readonly params: Params } {
  const params = { conv: ones([3, 3, 1, 4]).mul(0.1), conv2: ones([3, 3, 4, 8]).mul(0.1), dense: ones([72, 10]).mul(0.1) }
  const layer = (x: Tensor, w: Tensor): Tensor =>
    lax.reduceWindow(
      tanh(lax.convGeneralDilated(x, w, [1, 1], 'SAME', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] }).mul(k + 0.5)),
      'max',
      [1, 2, 2, 1],
      [1, 2, 2, 1],
      'VALID',
    )
  const loss = (p: Params, x: Tensor): Tensor =>
    logsumexp(matmul(layer(layer(x, p.conv), p.conv2).reshape([-1, 72]), p.dense)).mul(k + 0.25)
  const step = jit((p: Params, x: Tensor) => {
    const [value, gradient] = valueAndGrad(loss)(p, x)
    return [value, tree.map((w: Tensor, g: Tensor) => w.sub(g.mul(k + 0.125)), p, gradient)] as const
  })
  return { step, params }
}
interface Params {
  readonly conv: Tensor
  readonly conv2: Tensor
  readonly dense: Tensor
}

test('a task that waits or computes counts', async () => {
  const wait = (ms: number) => async (): Promise<void> => {
    const end = performance.now() + ms
    while (performance.now() < end);
  }
  expect(await longestTask(wait(0))).toBeLessThan(50)
  expect(await longestTask(wait(1000))).toBeGreaterThan(100)
})

test('f.compile keeps no task longer than 50 ms; the call after it compiles nothing', async () => {
  let longest = Infinity
  for (let k = 0; k < ATTEMPTS && longest >= 50; k++) {
    const backend = (await init({ backend: loader })).backend as WebglBackend
    const { step, params } = unseenStep(k),
      x = ones([4, 12, 12, 1]),
      before = backend.programs.size
    longest = Math.min(longest, await longestTask(() => step.compile(params, x)))
    expect(backend.programs.size).toBeGreaterThan(before + 20)
    const { gl } = backend.device,
      compiles = vi.spyOn(gl, 'compileShader'),
      waits = vi.spyOn(gl, 'getProgramParameter')
    step(params, x)
    await step.compile(params, x)
    await step.async(params, x)
    expect(compiles).not.toHaveBeenCalled()
    expect(waits).not.toHaveBeenCalled()
    await backend.dispose()
  }
  expect(longest).toBeLessThan(50)
})

/** b1 = b0; 5000 times: b1 = b1 + 1. */
function countTo5000(): KernelGraph {
  const [step] = addOne(8).kernels
  const body = [{ ...(step as Loop), epilogue: (step as Loop).epilogue.map(n => (n.op === 'load' ? { ...n, buffer: 1 } : n)) }]
  const scan = { kind: 'scan', length: 5000, reverse: false, counter: 2, body } as const
  return graphOf([elementwise(8), scan], [['float32', 8]], [['float32', 8]], [['int32', 1]])
}

test('compiling pauses after each kernel', async () => {
  const backend = backendFor(),
    steps = backend.compileInSteps(countTo5000())
  let pauses = 0
  while (steps.next().done !== true) pauses++
  expect(pauses).toBe(2)
  await backend.dispose()
})

test('an asynchronous run of thousands of draws leaves the thread to others, and outlives dispose()', async () => {
  const backend = backendFor(),
    graph = countTo5000()
  const x = backend.upload(
    Float32Array.from({ length: 8 }, (_, i) => i),
    'float32',
  )
  let longest = Infinity
  for (let k = 0; k < ATTEMPTS && longest >= 50; k++) {
    const executable = backend.compile(graph)
    const task = await longestTask(async () => {
      const running = executable.runAsync?.([x]) ?? []
      executable.dispose()
      const [y] = await running
      expect([...(await backend.read(y as Buffer))]).toEqual([5000, 5001, 5002, 5003, 5004, 5005, 5006, 5007])
    })
    longest = Math.min(longest, task)
  }
  expect(longest).toBeLessThan(50)
  await backend.dispose()
})
