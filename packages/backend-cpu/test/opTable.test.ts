/** The conformance kit of core on this backend. */
import { describeBackend } from '@cotangent/core/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { backend } from '../src/index.ts'

describeBackend('cpu', () => backend.load({ threads: 2 }), { describe, it, beforeAll, afterAll })
