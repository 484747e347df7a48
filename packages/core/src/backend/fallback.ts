/** The backend of a program that has chosen none. In bundles for browsers fallback.browser.ts stands in for this module (`browser` in package.json). */
import type { Backend } from './backend.ts'
import { createReference } from './reference.ts'

export const createFallback = (): Backend => createReference()
