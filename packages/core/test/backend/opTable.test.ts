import { afterAll, beforeAll, describe, it } from 'vitest'
import { createReference } from '../../src/backend/reference.ts'
import { describeBackend } from '../../src/testing/describeBackend.ts'

describeBackend('reference', () => Promise.resolve(createReference()), { describe, it, beforeAll, afterAll }, { runs: 8 })
