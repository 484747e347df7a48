/** The laws on threads of a page that is cross-origin isolated. Everything that can be shared is. A part of the functions in each run: the same code passes all in Node. */
import type { Backend } from '@cotangent/core'
import { describeBackend } from '@cotangent/core/testing'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import '../../../scripts/provided.ts'
import { onePartOf } from '../../core/test/support/parts.ts'
import type { Pool } from '../src/workers/pool.ts'
import { shareEverything } from './tune.ts'
import { nameOf, openVariant, type Variant } from './variants.ts'

const variant: Variant = { simd: 'relaxed', threads: 3 }
let undo: () => void
let pool: Pool
beforeAll(() => (undo = shareEverything()))
afterAll(() => undo())

const create = async (): Promise<Backend> => {
  const opened = openVariant(variant)
  pool = opened.pool
  return opened.backend
}
const options = { runs: 1, mathematics: false, only: onePartOf(3, inject('seed')) }
describeBackend(`${nameOf(variant)}, in a page`, create, { describe, it, beforeAll, afterAll }, options)
it('threads took part', () => expect(pool.parallelRuns).toBeGreaterThan(100))
