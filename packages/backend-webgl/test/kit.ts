/** Backends for tests: one a file, since a page has only so many WebGL contexts. */
import { WebglBackend, type Platform } from '../src/backend.ts'

export const backendFor = (options: Partial<Platform> = {}): WebglBackend =>
  new WebglBackend({ memoryBudget: 2 ** 30, debug: false, ...options })
