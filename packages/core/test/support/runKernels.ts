/** Running graphs in tests: a memory plan without any sharing, a call from host arrays to host arrays, and comparison by bits. */
import type { Backend } from '../../src/backend/backend.ts'
import type { TypedArray } from '../../src/dtype.ts'
import { bytesOf, type KernelGraph } from '../../src/lower/kernel.ts'
import type { UnplannedGraph } from '../../src/lower/plan.ts'

/** Every temporary has memory of its own, and nothing is donated. */
export function disjointPlan(graph: UnplannedGraph): KernelGraph {
  let arena = 0
  const buffers = graph.buffers.map(({ dtype, size, place }) => {
    if (place.kind !== 'temporary') return { dtype, size, place }
    const offset = arena
    arena += Math.ceil((size * bytesOf(dtype)) / 64) * 64
    return { dtype, size, place: { kind: 'temporary', offset } as const }
  })
  return {
    buffers,
    inputs: graph.inputs,
    outputs: graph.outputs,
    kernels: graph.kernels,
    arena,
    donations: graph.inputs.map(() => -1),
  }
}

/** Runs a graph once and frees all its buffers. */
export function runGraph(backend: Backend, graph: KernelGraph, inputs: readonly TypedArray[], donated?: readonly boolean[]): TypedArray[] {
  const buffers = inputs.map((data, i) => backend.upload(data, graph.buffers[graph.inputs[i] ?? -1]?.dtype ?? 'float32'))
  const executable = backend.compile(graph)
  try {
    const results = executable.run(buffers, donated)
    const arrays = results.map(b => backend.readSync(b))
    for (const b of [...results, ...buffers]) backend.free(b)
    return arrays
  } finally {
    executable.dispose()
  }
}

/** Where two lists of results first differ, or undefined. All NaNs are one value; -0 differs from 0. */
export function difference(actual: readonly TypedArray[], expected: readonly TypedArray[]): string | undefined {
  if (actual.length !== expected.length) return `${actual.length} results, expected ${expected.length}`
  for (const [i, want] of expected.entries()) {
    const got = actual[i] as TypedArray
    if (got.constructor !== want.constructor || got.length !== want.length)
      return `result ${i} is ${got.constructor.name}(${got.length}), expected ${want.constructor.name}(${want.length})`
    const k = want.findIndex((x, at) => !Object.is(x, got[at]))
    if (k >= 0) return `result ${i} is ${got[k]} at element ${k}, expected ${want[k]}`
  }
  return undefined
}
