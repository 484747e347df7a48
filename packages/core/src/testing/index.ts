/** `@cotangent/core/testing`: property-based gradient tests for everybody, the conformance kit for backend authors. Needs `fast-check`. */
export {
  arbShape,
  arbTensor,
  arbTree,
  type ArbShapeOptions,
  type ArbTensorOptions,
  type ArbTreeOptions,
  type TensorTree,
} from './arbitraries.ts'
export { checkAsynchronousCalls } from './asynchronous.ts'
export { checkFunction, type CheckFunctionOptions } from './checkFunction.ts'
export { checkGrads, type CheckGradsOptions, type GradMode } from './checkGrads.ts'
export { type Accuracy, ulpDistance } from './compare.ts'
export type { Case, InputSpec } from './case.ts'
export { type Coverage, coverageOf } from './coverage.ts'
export { type ConformanceOptions, checkOperation, describeBackend, laws, lawsOf, type Runner, type TestContext } from './describeBackend.ts'
export { differences } from './differences.ts'
export { drawn, exact, input, type OpEntry, refusal, type Refusal, summed, ulps } from './entry.ts'
export { type Kink, kinks } from './kinks.ts'
export { type Chapter, chapters, opTable } from './opTable.ts'
export type { Sampling } from './sampling.ts'
