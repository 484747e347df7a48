/** Contractions on the device against their definition in float64. */
import type { TypedArray } from '@cotangent/core/kernel'
import { type Case, randomData } from '../../core/test/support/contractions.ts'
import { type Data, expected, toleranceOf } from '../../core/test/support/expectedSums.ts'
import type { WebglBackend } from '../src/backend.ts'
import { runKernel } from './draw.ts'

/** The first element that is wrong, or ''. What no store reaches keeps its value. */
export function problemOf(backend: WebglBackend, c: Case, data: Data = randomData(c.buffers)): string {
  const { contraction, buffers } = c,
    stored = [...new Set(contraction.stores.map(s => s.buffer))].sort((a, b) => a - b)
  const results = runKernel(backend, contraction, buffers, data as readonly TypedArray[])
  const want = stored.map(id => Float64Array.from(data[id] as TypedArray)),
    scales = want.map(w => w.map(() => 0))
  expected(c, data).elements.forEach((elements, s) => {
    const k = stored.indexOf(contraction.stores[s]?.buffer as number)
    for (const [e, { value, scale }] of elements) {
      ;(want[k] as Float64Array)[e] = value
      ;(scales[k] as Float64Array)[e] = scale
    }
  })
  for (const [k, result] of results.entries()) {
    const far = (x: number, e: number): boolean => !(Math.abs(x - (want[k]?.[e] as number)) <= toleranceOf(c, scales[k]?.[e] as number))
    const e = result.findIndex(far)
    if (e >= 0) return `store ${k} element ${e}: ${result[e]} instead of ${want[k]?.[e]}`
  }
  return ''
}
