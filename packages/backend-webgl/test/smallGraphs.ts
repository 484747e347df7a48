/** Graphs that several tests run. */
import type { KernelGraph } from '@cotangent/core/kernel'
import { elementwise, graphOf, identity } from '../../core/test/support/smallGraphs.ts'

/** `b1 = b0 + 1` on n elements. */
export function addOne(n: number): KernelGraph {
  const one = { op: 'const', dtype: 'float32', value: 1 } as const,
    add = { op: 'add', dtype: 'float32', args: [0, 1] } as const
  const kernel = elementwise(n)
  return graphOf(
    [{ ...kernel, epilogue: [...kernel.epilogue, one, add], stores: [{ buffer: 1, map: identity, value: 2 }] }],
    [['float32', n]],
    [['float32', n]],
  )
}
