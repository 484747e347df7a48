import { afterAll, describe, expect, test } from 'vitest'
import type { Buffer, Kernel, KernelGraph } from '@cotangent/core/kernel'
import type { CpuBackend } from '../src/backend.ts'
import { Memory } from '../src/runtime/memory.ts'
import { Pool } from '../src/workers/pool.ts'
import { backendFor, GraphBuilder, oneThread, scalarEmitter } from './kit.ts'
import { keepSharing } from './tune.ts'

const n = 1000
/** Claims that every phase is long, so that all are shared and all barriers are there. */
const emit = scalarEmitter(1e6)

interface Threaded {
  readonly backend: CpuBackend
  readonly pool: Pool
}
const undo = keepSharing()
const opened: Threaded[] = []
function threaded(threads: number): Threaded {
  const memory = new Memory({ shared: true, maximumPages: 65536 })
  const pool = new Pool({
    memory,
    threads,
    report: message => {
      throw new Error(message)
    },
  })
  const backend = backendFor({ memory, emit, runner: pool })
  opened.push({ backend, pool })
  return { backend, pool }
}
afterAll(async () => {
  undo()
  for (const { backend } of opened) await backend.dispose()
})

const data = (seed: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(seed + i))

/** Runs until `times` runs had company, at most for some seconds. */
function runParallel({ backend, pool }: Threaded, graph: KernelGraph, inputs: readonly Buffer[], times: number): Float32Array[] {
  const executable = backend.compile(graph)
  const results: Float32Array[] = []
  const end = performance.now() + 20_000,
    goal = pool.parallelRuns + times
  while (pool.parallelRuns < goal && performance.now() < end)
    results.push(backend.readSync(executable.run(inputs)[0] as Buffer) as Float32Array)
  expect(pool.parallelRuns).toBe(goal)
  executable.dispose()
  return results
}

type Case = readonly [name: string, build: () => KernelGraph]
const cases: readonly Case[] = [
  [
    'a chain of kernels that read each other backwards',
    () => {
      const g = new GraphBuilder().input('x', n).temporary('a', n).temporary('b', n).output('y', n)
      const reversed = (target: string, source: string): Kernel => {
        const kernel = g.map(target, ['add', source, 1])
        return {
          ...kernel,
          epilogue: kernel.epilogue.map(node => (node.op === 'load' ? { ...node, map: { offset: n - 1, strides: [-1] } } : node)),
        }
      }
      return g.build([reversed('a', 'x'), reversed('b', 'a'), reversed('a', 'b'), reversed('b', 'a'), reversed('y', 'b')])
    },
  ],
  [
    'a scan',
    () => {
      const g = new GraphBuilder().input('x', n).temporary('c', 1, 'int32').temporary('t', n).output('y', n)
      return g.build([
        g.map('y', ['mul', 'x', 1]),
        {
          kind: 'scan',
          length: 7,
          reverse: false,
          counter: g.id('c'),
          body: [g.map('t', ['mul', 'y', 'y']), g.map('y', ['sub', 'x', 't'])],
        },
      ])
    },
  ],
  [
    'a while loop with small and large kernels',
    () => {
      const g = new GraphBuilder().input('x', n).temporary('p', 1, 'bool').temporary('k', 1).temporary('t', n).output('y', n)
      return g.build([
        g.map('k', ['mul', 0, 'k']),
        g.map('y', ['add', 'x', 0]),
        {
          kind: 'while',
          condition: [g.map('p', ['lt', 'k', 5])],
          predicate: g.id('p'),
          body: [g.map('k', ['add', 'k', 1]), g.map('t', ['mul', 'y', 'k']), g.map('y', ['sub', 't', 'x'])],
        },
      ])
    },
  ],
  [
    'branches inside a scan',
    () => {
      const g = new GraphBuilder()
        .input('x', n)
        .temporary('c', 1, 'int32')
        .temporary('p', 1, 'bool')
        .temporary('two', 1, 'int32')
        .temporary('t', n)
        .output('y', n)
      const odd: Kernel = { ...g.map('p', ['lt', 'two', 'c']) }
      return g.build([
        g.map('y', ['mul', 'x', 1]),
        g.map('two', ['sub', 'two', 'two']),
        {
          kind: 'scan',
          length: 5,
          reverse: true,
          counter: g.id('c'),
          body: [
            odd,
            {
              kind: 'branch',
              index: g.id('p'),
              branches: [[g.map('y', ['add', 'y', 100])], [g.map('t', ['mul', 'y', 'x']), g.map('y', ['add', 't', 'y'])]],
            },
          ],
        },
      ])
    },
  ],
]

describe.each(cases)('%s', { timeout: 60_000 }, (_, build) => {
  const single = backendFor({ emit, runner: oneThread })
  const [expected] = single.compile(build()).run([single.upload(data(1), 'float32')])
  const reference = single.readSync(expected as Buffer)

  test.each([2, 3, 4])('is the same bit for bit on %i threads', threads => {
    const t = threaded(threads)
    for (const result of runParallel(t, build(), [t.backend.upload(data(1), 'float32')], threads === 2 ? 50 : 10))
      expect(result).toEqual(reference)
  })
})
