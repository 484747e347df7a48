import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildLoop, drawWith } from './arbitrary-loop.ts'
import { interpret, runKernel } from './kernel-kit.ts'

test('random loops give what the reference interpreter gives, however tasks are split', { timeout: 30_000 }, () => {
  fc.assert(fc.property(fc.gen(), (gen) => {
    const { loop, buffers, data } = buildLoop(drawWith(gen))
    const wanted = interpret(loop, data)
    for (const options of [{}, { split: true }, { fma: false }]) expect(runKernel(loop, buffers, data, options)).toEqual(wanted)
  }), { numRuns: 250 })
})
