/** All public functions on tensors, by NumPy's chapters. Those of one primitive live beside it in primitives/. */
export { At, type AtGet, type AtUpdate } from './at.ts'
export { type AtIndex, type Slice, slice } from './atIndex.ts'
export { bitwiseCount } from './bits.ts'
export * from './calculus.ts'
export * from './correlation.ts'
export * from './creation.ts'
export {
  type AbstractDType,
  type DTypeKind,
  finfo,
  type FloatLimits,
  iinfo,
  type IntegerLimits,
  isdtype,
  isscalar,
  issubdtype,
  promoteTypes,
  resultType,
} from './dtypes.ts'
export * from './editing.ts'
export { einsum } from './einsum.ts'
export {
  copysign,
  divmod,
  fmax,
  fmin,
  frexp,
  heaviside,
  isneginf,
  isposinf,
  ldexp,
  logaddexp2,
  modf,
  nextafter,
  rint,
  signbit,
} from './floats.ts'
export { load, loadz, save, savez } from './files.ts'
export * from './functional.ts'
export * from './indexing.ts'
export * from './linalg.ts'
export * from './logic.ts'
export * from './manipulation.ts'
export * from './math.ts'
export * from './nan.ts'
export {
  argwhere,
  compress,
  type CompressOptions,
  extract,
  flatnonzero,
  nonzero,
  type NonzeroOptions,
} from './nonzero.ts'
export * from './norms.ts'
export * from './padding.ts'
export * from './partition.ts'
export * from './places.ts'
export * from './polynomial.ts'
export * from './products.ts'
export * from './quantile.ts'
export * from './reduction.ts'
export * from './repeat.ts'
export { variance as var } from './reduction.ts'
export { bincount, type BincountOptions, digitize, histogram, type HistogramOptions, type SearchOptions, searchsorted } from './search.ts'
export * from './sets.ts'
export * from './shapes.ts'
export * from './spacing.ts'
export { argmax, argmin, type ArgReduce } from '../primitives/argreduce.ts'
export {
  abs,
  add,
  divide,
  floorDivide,
  fmod,
  maximum,
  minimum,
  multiply,
  negative,
  remainder,
  sign,
  subtract,
} from '../primitives/arithmetic.ts'
export { bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor, leftShift, rightShift, rightShiftLogical } from '../primitives/bitwise.ts'
export { broadcastArrays, broadcastTo } from '../primitives/broadcast.ts'
export { astype, bitcast } from '../primitives/cast.ts'
export { clip } from '../primitives/clamp.ts'
export { cumprod, cumsum, type CumulativeOptions, type RunningTotal } from '../primitives/cumulative.ts'
export { equal, greater, greaterEqual, isfinite, isinf, isnan, less, lessEqual, notEqual } from '../primitives/comparison.ts'
export { concatenate } from '../primitives/concatenate.ts'
export { erfInv } from '../primitives/erfInv.ts'
export { cbrt } from '../primitives/exponent.ts'
export { exp, expm1, floatPower, log, log1p, logaddexp, power, reciprocal, sqrt, square } from '../primitives/exponential.ts'
export { iota } from '../primitives/iota.ts'
export type { MaskedReduce, ReduceFrom, Total } from '../primitives/masked.ts'
export { all, any, max, min, prod, sum } from '../primitives/reduce.ts'
export { expandDims, ravel, reshape, squeeze } from '../primitives/reshape.ts'
export { flip } from '../primitives/reverse.ts'
export { ceil, floor, round, trunc } from '../primitives/rounding.ts'
export { where } from '../primitives/select.ts'
export { argsort, sort, type SortOptions } from '../primitives/sort.ts'
export { sliceAxis, type SliceAxis } from '../primitives/slice.ts'
export { erf, erfc } from '../primitives/special.ts'
export { moveaxis, swapaxes, transpose } from '../primitives/transpose.ts'
export { arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, cos, cosh, sin, sinh, tan, tanh } from '../primitives/trigonometric.ts'
