/** The conformance kit on a machine without relaxed SIMD and with one core. */
import { describeBackend } from '@cotangent/core/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { cpu } from '../src/index.ts'

describeBackend(
  'cpu without relaxed SIMD, on one thread',
  () => cpu({ threads: 1, fma: false }),
  { describe, it, beforeAll, afterAll },
  { runs: 2, mathematics: false },
)
