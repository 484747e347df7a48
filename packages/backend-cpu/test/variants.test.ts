/**
 * The op table's laws on the variants that `opTable.test.ts` and `opTable.plain.test.ts` leave out, with fewer cases: every second function, by turns. Everything is cut, shared and
 * forked here, so that the table's small, odd and empty sizes go through the threads.
 */
import { describeBackend } from '@cotangent/core/testing'
import type { Backend } from '@cotangent/core'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { hasFusedMultiplyAdd } from '../src/runtime/features.ts'
import { columnFor } from '../src/tuning.ts'
import { WasmFunction } from '../src/wasm/assembler.ts'
import type { Pool } from '../src/workers/pool.ts'
import { onePartOf } from '../../core/test/support/parts.ts'
import { shareEverything } from './tune.ts'
import { nameOf, openVariant, type Variant } from './variants.ts'

const RUNS = 1
const variants: readonly Variant[] = [
  { simd: 'wide', threads: 3 },
  { simd: 'relaxed', threads: 1 },
  { simd: 'relaxed', threads: 4 },
  { simd: 'plain', threads: 2 },
  { simd: 'plain', threads: 4 },
]

/** Instructions of relaxed SIMD that have been emitted so far. */
let relaxed = 0
const { simd } = WasmFunction.prototype
let undo: () => void
beforeAll(() => {
  undo = shareEverything()
  WasmFunction.prototype.simd = function (opcode: number) {
    if (opcode >= 0x100) relaxed++
    return simd.call(this, opcode)
  }
})
afterAll(() => {
  undo()
  WasmFunction.prototype.simd = simd
})

for (const [i, variant] of variants.entries()) {
  describe('laws', () => {
    let pool: Pool
    const create = async (): Promise<Backend> => {
      relaxed = 0
      const opened = openVariant(variant)
      pool = opened.pool
      return opened.backend
    }
    describeBackend(
      nameOf(variant),
      create,
      { describe, it, beforeAll, afterAll },
      {
        runs: RUNS,
        mathematics: false,
        only: onePartOf(2, inject('seed') + i),
      },
    )
    it(`${nameOf(variant)}: threads took part, and relaxed SIMD as it should`, () => {
      if (variant.threads > 1) expect(pool.parallelRuns).toBeGreaterThan(100)
      expect(relaxed > 0).toBe(variant.simd !== 'plain' && hasFusedMultiplyAdd())
    })
  })
}

it('an engine without relaxed SIMD has no fused multiply-add, and takes the column without', () => {
  const validate = vi.spyOn(WebAssembly, 'validate').mockReturnValue(false)
  expect(hasFusedMultiplyAdd()).toBe(false)
  validate.mockRestore()
  expect(columnFor({ fma: false, wide: true })).toEqual(columnFor({ fma: false }))
  expect(columnFor({ fma: false }).registers).toBeLessThan(columnFor({ fma: true }).registers)
})
