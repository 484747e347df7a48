/** A page would pay for the reference backend, and not mean to use it: its bundle holds the backends that it passes to `init`. */
import { fail } from '../errors.ts'
import type { Backend } from './backend.ts'

export const createFallback = (): Backend =>
  fail(
    'BackendError',
    'A bundle for browsers holds only the backends that it passes to init. Call `await init({ backend: [cpu] })` before computing, with the `backend` that @cotangent/backend-cpu or @cotangent/backend-webgl exports, or the `reference` of @cotangent/core.',
  )
