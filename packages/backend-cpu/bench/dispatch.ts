/**
 * What a call costs beside its arithmetic: run() of a tiny graph, compile(), first calls, and fork + join.
 * node --conditions=source bench/dispatch.ts
 */
import type { Buffer } from '@cotangent/core/kernel'
import { Memory } from '../src/runtime/memory.ts'
import { Pool } from '../src/workers/pool.ts'
import { addGraph, backendFor, scalarEmitter } from '../test/kit.ts'

const microseconds = (times: number, f: () => void): number => {
  const start = performance.now()
  for (let i = 0; i < times; i++) f()
  return ((performance.now() - start) / times) * 1e3
}
const best = (rounds: number, times: number, f: () => void): string =>
  Math.min(...Array.from({ length: rounds }, () => microseconds(times, f))).toFixed(3)
const median = (times: readonly number[]): string => [...times].sort((a, b) => a - b)[times.length >> 1]?.toFixed(2) ?? '-'

function dispatch(): void {
  const backend = backendFor()
  const a = backend.upload(new Float32Array(4), 'float32')
  const graphs = Array.from({ length: 64 }, () => backend.compile(addGraph(4)))
  const one = graphs[0] as (typeof graphs)[number]
  let k = 0,
    x = a
  console.log(`run + free, one executable      ${best(20, 20_000, () => backend.free(one.run([a, a])[0] as Buffer))} us`)
  console.log(
    `run + free, 64 executables      ${best(20, 20_000, () => backend.free((graphs[k++ & 63] as typeof one).run([a, a])[0] as Buffer))} us`,
  )
  console.log(
    `run, nothing freed              ${best(10, 20_000, () => {
      x = one.run([x, a])[0] as Buffer
    })} us`,
  )
  console.log(
    `run + readSync + free           ${best(20, 20_000, () => {
      const y = one.run([a, a])[0] as Buffer
      backend.readSync(y)
      backend.free(y)
    })} us`,
  )
  console.log(`compile + dispose               ${best(5, 100, () => backend.compile(addGraph(4)).dispose())} us`)
}

/** A graph whose kernels say that they are long, so that it is always shared. */
function forkJoin(kernels: number): void {
  const memory = new Memory({ shared: true, maximumPages: 65536 }),
    pool = new Pool({ memory, threads: 2 })
  const backend = backendFor({ memory, runner: pool, emit: scalarEmitter(26_000) })
  const a = backend.upload(new Float32Array(4), 'float32')
  const graph = addGraph(4)
  const executable = backend.compile({
    ...graph,
    kernels: Array.from({ length: kernels }, () => graph.kernels[0] as (typeof graph.kernels)[number]),
  })
  const run = (): void => backend.free(executable.run([a, a])[0] as Buffer)
  const end = performance.now() + 5000
  while (pool.parallelRuns < 100 && performance.now() < end) run()
  const before = pool.parallelRuns
  const times = Array.from({ length: 5000 }, () => microseconds(1, run))
  console.log(
    `fork + join, ${String(kernels).padStart(2)} shared kernels   ${median(times)} us median (${pool.parallelRuns - before} of 5000 runs shared)`,
  )
}

dispatch()
for (const kernels of [1, 11]) forkJoin(kernels)
