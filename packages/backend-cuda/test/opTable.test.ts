/** The conformance kit of core on this backend, on the fake driver. Every case compiles new programs, so that few are drawn. */
import { describeBackend } from '@cotangent/core/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { backendFor } from './kit.ts'

describeBackend('cuda', () => backendFor(), { describe, it, beforeAll, afterAll }, { runs: 1 })
