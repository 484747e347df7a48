/** `@cotangent/core/testing`: the conformance kit for backend authors, and property-based gradient tests for everybody. Needs `fast-check`. */
export { describeBackend, laws, type ConformanceOptions, type Runner } from './describeBackend.ts'
export { opTable } from './opTable.ts'
export type { OpEntry, Refusal } from './entry.ts'
export type { Case, InputSpec } from './case.ts'
export type { Accuracy } from './compare.ts'
export type { Sampling } from './sampling.ts'
