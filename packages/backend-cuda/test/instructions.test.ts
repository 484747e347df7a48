import { type BufferSpec, type Loop, type TypedArray, writesOf } from '@cotangent/core/kernel'
import { afterAll } from 'vitest'
import { describeInstructions } from '../../core/test/support/describeInstructions.ts'
import { runGraph } from '../../core/test/support/runKernels.ts'
import { graphOf } from '../../core/test/support/smallGraphs.ts'
import { backendFor } from './kit.ts'

const backend = await backendFor()
afterAll(() => backend.dispose())

/** The last buffer is the result. */
describeInstructions((loop: Loop, buffers: readonly BufferSpec[], data: readonly TypedArray[]) => {
  const result = Math.max(...writesOf(loop)),
    spec = ({ dtype, size }: BufferSpec) => [dtype, size] as const
  const graph = graphOf([loop], buffers.slice(0, result).map(spec), buffers.slice(result).map(spec))
  return [...data.slice(0, result), ...runGraph(backend, graph, data.slice(0, result))]
}, 4)
