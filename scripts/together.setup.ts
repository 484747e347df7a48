/** Before each file of tests that share a process: none has a backend of another's, which may be disposed of. */
import { setBackend } from '../packages/core/src/backend/current.ts'

setBackend(null)
