/** The backend that computations run on. `init` sets it; without `init` it is the reference backend, and one line says so (in bundles for browsers: an error). */
import type { Backend } from './backend.ts'
import { createFallback } from './fallback.ts'

let current: Backend | null = null

/** The backend in use. */
export function currentBackend(): Backend {
  if (current === null) {
    current = createFallback()
    console.warn('cotangent: init() was not called, so this runs on the slow reference backend. Call `await init()` first.')
  }
  return current
}

/** Makes `backend` the one in use and returns the one before, if any. Tensors stay on the backend they were made on. */
export function setBackend(backend: Backend | null): Backend | null {
  const before = current
  current = backend
  return before
}
