/** Random programs of core on this backend, in small form: `scripts/fuzz.ts` draws more of them. */
import type { Backend } from '@cotangent/core'
import { setBackend } from '../../core/src/backend/current.ts'
import { checkPrograms } from '../../core/test/support/programs/arbPrograms.ts'
import { afterAll, beforeAll, test } from 'vitest'
import { cpu } from '../src/index.ts'

let backend: Backend
beforeAll(async () => {
  backend = await cpu({ threads: 2 })
  setBackend(backend)
})
afterAll(async () => {
  setBackend(null)
  await backend.dispose()
})

test('random programs obey all laws', () => checkPrograms('cpu', { runs: 8 }))
