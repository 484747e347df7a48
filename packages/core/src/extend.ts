/**
 * `@cotangent/core/extend`: what the author of a library needs to define a primitive. A primitive is an object of type `SimplePrimitive` with all
 * its rules; `bind` applies it. Nothing is registered: whoever holds the object can use it, under every transform and on every backend.
 * test/extend.test.ts defines two from scratch.
 */
export { aval, showAval, strong, type Aval } from './aval.ts'
export { described, fail, inNameOf, reasonOf, type ErrorKind } from './errors.ts'
export { bitsOf, type DType, type TypedArray } from './dtype.ts'
export { checkList, checkOneOf, checkOptions } from './options.ts'
export { unpackNpz, packNpz } from './numpy/files.ts'
export type { Codec } from './numpy/zip.ts'
export { fromStored, storedView, toStored, type StoredArray } from './stored.ts'
export { broadcastShapes, normalizeAxes, normalizeAxis, sameShape, showShape, sizeOf, type Shape } from './shape.ts'
export { toTensor, type Tensor, type TensorLike } from './tensor.ts'

// ---- the rules
export {
  isNone,
  isUnknown,
  none,
  noParams,
  type Batched,
  type CallPrimitive,
  type HostArray,
  type MaybeTensor,
  type NoParams,
  type NoRule,
  type Primitive,
  type SimplePrimitive,
  type Unknown,
} from './primitives/primitive.ts'
export { batchElementwise, elementwise, mapHost, type Composite, type Derivative, type ElementwiseRule } from './primitives/family.ts'
export { alignBatch, sumTo } from './primitives/broadcast.ts'
export { eachIndex, hostFrom, hostReader } from './primitives/host.ts'
export { addTangents, bilinearJvp, linearJvp } from './primitives/linear.ts'
export { instantiate, onesOf, zerosOf } from './primitives/zeros.ts'

// ---- arguments of the public function, and applying the primitive
export { promoteFloats, promoteOperands, scalarOf, toBool, toFloat } from './primitives/cast.ts'
export { bind, bind1 } from './program/bind.ts'

// ---- lowering: elements of a result as expressions
export {
  indexAdd,
  indexAxis,
  indexConstant,
  indexScale,
  indexShift,
  type Body,
  type ElementRule,
  type Index,
  type Lowering,
  type Operand,
  type Value,
} from './lower/lowering.ts'
export type { Guard, Kernel, NodeId } from './lower/kernel.ts'
export type { Domain, InstructionName, ReduceOp } from './lower/instructions.ts'

// ---- Programs: tracing, checking, evaluating by the rules `evaluate`
export { checkProgram } from './program/check.ts'
export { evaluateProgram } from './program/evaluate.ts'
export type { Atom, Equation, Literal, Program, Var } from './program/program.ts'
export { evalProgram, trace, type Staging } from './program/trace.ts'
