/** The conformance kit of core on this backend. Every case compiles new shaders, so that few are drawn. */
import { describeBackend } from '@cotangent/core/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { backend } from '../src/index.ts'

describeBackend('webgl', () => backend.load({}), { describe, it, beforeAll, afterAll }, { runs: 1 })
