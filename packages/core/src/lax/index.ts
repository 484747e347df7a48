/** What users of `jax.lax` expect: general forms of the array operations, under JAX's names. */
export {
  convGeneralDilated,
  type ConvDimensionNumbers,
  type ConvOptions,
  convTranspose,
  type ConvTransposeOptions,
  type Padding,
} from './convolution.ts'
export {
  broadcastedIota,
  broadcastInDim,
  clamp,
  concatenate,
  cumlogsumexp,
  dynamicIndexInDim,
  dynamicSliceInDim,
  dynamicUpdateIndexInDim,
  dynamicUpdateSliceInDim,
  iota,
  pad,
  rev,
  select,
  sliceInDim,
} from './operators.ts'
export { lu } from '../linalg/lu.ts'
export { triangularSolve, type TriangularSolveOptions } from '../linalg/triangularSolve.ts'
export { clz, populationCount } from '../numpy/bits.ts'
export { nextafter, reducePrecision } from '../numpy/floats.ts'
export { reduceWindow, type ReduceWindowOptions, type WindowOperator } from './windows.ts'
export { astype as convertElementType, bitcast as bitcastConvertType } from '../primitives/cast.ts'
export { dotGeneral, type DotDimensionNumbers, type DotOptions } from '../primitives/contract.ts'
export { cummax, cummin, cumprod, cumsum, type CumulativeOptions } from '../primitives/cumulative.ts'
export { dynamicSlice, dynamicUpdateSlice } from '../primitives/dynamicSlice.ts'
export { logistic } from '../primitives/exponential.ts'
export { gather, type GatherOptions } from '../primitives/gather.ts'
export { expandDims, reshape, squeeze } from '../primitives/reshape.ts'
export { optimizationBarrier } from '../primitives/optimizationBarrier.ts'
export { scatter, scatterAdd, scatterMax, scatterMin, scatterMul, type ScatterOptions } from '../primitives/scatter.ts'
export { slice } from '../primitives/slice.ts'
export { sortOperands as sort, topK } from '../primitives/sort.ts'
export { stopGradient } from '../primitives/stopGradient.ts'
export { transpose } from '../primitives/transpose.ts'
export {
  allGather,
  type AllGatherOptions,
  allToAll,
  axisIndex,
  axisSize,
  type AxisName,
  pmax,
  pmean,
  pmin,
  ppermute,
  psum,
  psumScatter,
  type PsumScatterOptions,
  pvary,
  type TiledOptions,
} from '../transforms/collectives.ts'
export { cond, switch_ } from '../transforms/control.ts'
export { customLinearSolve, type CustomLinearSolveOptions, type LinearSolver } from '../transforms/customLinearSolve.ts'
export { foriLoop, scan, type ScanOptions, whileLoop } from '../transforms/loops.ts'
export { map, type MapOptions } from '../transforms/map.ts'
