/** `@cotangent/core`: tensors, transforms, backends. All public names, nothing else. */
export {
  init,
  parseConfig,
  load,
  type BackendLoader,
  type BackendName,
  type BackendOptions,
  type ConfigError,
  type InitConfig,
  type Loaded,
} from './backend/load.ts'
export { reference } from './backend/reference.ts'
export type { Backend, MemoryStatistics } from './backend/backend.ts'
export { explain, type ExplainedKernel, type ExplainedMemory, type ExplainedTrace, type Explanation } from './explain.ts'
export { profile, type ChromeTrace, type Profile, type ProfiledSpan, type TraceEvent } from './profile.ts'
export { CotangentError, type ErrorKind } from './errors.ts'
export type { UserLine } from './userLine.ts'
export type { DType, TypedArray } from './dtype.ts'
export type { Shape } from './shape.ts'
export { Tensor, isTensor, type NestedArray, type Reduce, type TensorLike } from './tensor.ts'
export * from './numpy/index.ts'
export * as numpy from './numpy/index.ts'
export * as fft from './fft/index.ts'
export * as image from './image/index.ts'
export * as lax from './lax/index.ts'
export * as linalg from './linalg/index.ts'
export * as signal from './signal/index.ts'
export * as special from './special/index.ts'
export * as random from './random/index.ts'
export { Key } from './random/key.ts'
export { flatten, staticValue, tree, type NotATensor, type Settled, type Static, type TreeNode, type TreeOf } from './tree.ts'
export { stopGradient } from './primitives/stopGradient.ts'
export {
  allGather,
  allToAll,
  axisIndex,
  axisSize,
  pmax,
  pmean,
  pmin,
  ppermute,
  psum,
  psumScatter,
  pvary,
  type AllGatherOptions,
  type AxisName,
  type PsumScatterOptions,
  type TiledOptions,
} from './transforms/collectives.ts'
export * as debug from './debug/index.ts'
export { pureCallback, type PureCallbackOptions, type ShapesOf } from './transforms/callback.ts'
export { debugIndices } from './debug/indices.ts'
export { debugKeys } from './debug/keys.ts'
export { debugNans } from './debug/nans.ts'
export { debugTracers } from './debug/tracers.ts'
export type { ModeSwitch } from './debug/switch.ts'
export { check } from './transforms/check.ts'
export { checkify, type CheckifyOptions } from './transforms/checkify/checkify.ts'
export type { CheckedError } from './transforms/checkify/error.ts'
export type { CheckKind, CheckSet } from './transforms/checkify/sites.ts'
export { associativeScan, type AssociativeScanOptions } from './transforms/associativeScan.ts'
export { checkpoint, checkpointName, checkpointPolicies, type CheckpointOptions, type CheckpointPolicy } from './transforms/checkpoint.ts'
export { cond, switch_ } from './transforms/control.ts'
export { closureConvert } from './transforms/closureConvert.ts'
export { customBatching, type Batching } from './transforms/customBatching.ts'
export { customJvp, customVjp, type ArgumentsAt, type NondiffOptions, type TangentsOf } from './transforms/custom.ts'
export { grad, jvp, linearize, valueAndGrad, vjp } from './transforms/grad.ts'
export { hessian, jacfwd, jacrev, type Jacobian, type JacobianOptions } from './transforms/jacobian.ts'
export { jit, type Jitted, type JitOptions } from './transforms/jit.ts'
export { linearTranspose } from './transforms/linearTranspose.ts'
export { foriLoop, scan, whileLoop, type ScanOptions } from './transforms/loops.ts'
export { evalShape, makeProgram, ShapeDType, type PrintableProgram, type Shapes } from './transforms/makeProgram.ts'
export { map, type MapOptions } from './transforms/map.ts'
export { ravelTree } from './transforms/ravelTree.ts'
export type { GradOptions } from './transforms/types.ts'
export { vmap, type Axes, type VmapOptions } from './transforms/vmap.ts'
