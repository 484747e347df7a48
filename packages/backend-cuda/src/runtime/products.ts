/** Products as plans of cuBLASLt, which thinks in columns: of a row-major `a @ b = c` it computes `c' = b' @ a'`. */
import { type DType, fail } from '@cotangent/core/kernel'
import type { Matrix, Precision, Product } from '../command.ts'
import { bytesOnDevice } from '../language/types.ts'
import type { ProductPlan } from './addon.ts'
import { isDriverError } from './errors.ts'
import { LibraryPlans, type Plan } from './libraryPlans.ts'
import type { Session } from './session.ts'

// Values of cublasLt.h and library_types.h.
/** cudaDataType. */
const types: Readonly<Partial<Record<DType, number>>> = { float32: 0, float64: 1, float16: 2, bfloat16: 14 }
const CUBLAS_COMPUTE_64F = 70
/** CUBLAS_COMPUTE_32F, _FAST_TF32, _FAST_16BF. */
const compute: Readonly<Record<Precision, number>> = { float32: 68, tf32: 77, bf16: 75 }
const EPILOGUE_DEFAULT = 1
const EPILOGUE_RELU = 2
const EPILOGUE_BIAS = 4

export class Products extends LibraryPlans<Product, ProductPlan> {
  constructor(session: Session, precision: Precision) {
    super(session, {
      library: 'cuBLASLt',
      planOf: product => planOf(product, precision),
      make: plan => planned(session, plan),
      release: handle => session.device.releaseProduct(handle),
    })
  }
}

function planned(session: Session, plan: ProductPlan): Plan | undefined {
  try {
    return session.retrying(() => session.device.product(plan))
  } catch (error) {
    if (isUnsupported(error)) return undefined
    throw error
  }
}

/** CUBLAS_STATUS_NOT_SUPPORTED: none of its algorithms does it, under this alignment and in a fixed order. */
const isUnsupported = (error: unknown): boolean =>
  error instanceof Error && isDriverError(error.cause) && error.cause.call === 'cublasLtMatmulAlgoGetHeuristic' && error.cause.status === 15

export function planOf(product: Product, precision: Precision): ProductPlan {
  const { dtype, resultDType, batch, rows, columns, sum, a, b, result, epilogue } = product,
    type = types[dtype],
    resultType = types[resultDType]
  if (type === undefined || resultType === undefined) return fail('InternalError', `cuda: a product of ${dtype}. Please report it.`)
  if (result.transposed) return fail('InternalError', 'cuda: a product with a transposed result. Please report it.')
  return {
    type,
    resultType,
    // Products of numbers of 16 bits are exact in float32.
    compute: dtype === 'float64' ? CUBLAS_COMPUTE_64F : compute[dtype === 'float32' ? precision : 'float32'],
    rows: columns,
    columns: rows,
    sum,
    batch,
    transposeA: b.transposed,
    transposeB: a.transposed,
    leadingA: b.leading,
    leadingB: a.leading,
    leadingResult: result.leading,
    strideA: b.batchStride,
    strideB: a.batchStride,
    strideResult: result.batchStride,
    epilogue:
      epilogue.bias === undefined && epilogue.activation === undefined
        ? EPILOGUE_DEFAULT
        : (epilogue.bias === undefined ? 0 : EPILOGUE_BIAS) + (epilogue.activation === 'relu' ? EPILOGUE_RELU : 0),
    alignment: alignmentOf(product),
    // The first proposal: what is timed may be another next time, with other bits.
    candidates: 1,
  }
}

/** What the memory plan gives: see core's plan.ts. */
const arenaAlignment = 64

/** The largest power of two that divides the addresses of all matrices. */
function alignmentOf({ dtype, resultDType, batch, a, b, result, epilogue }: Product): number {
  const startsOf = ({ offset, batchStride }: Matrix): readonly number[] => [offset, ...(batch > 1 ? [batchStride] : [])],
    operands = [a, b].flatMap(startsOf).map(elements => elements * bytesOnDevice(dtype)),
    results = [...startsOf(result), epilogue.bias?.offset ?? 0].map(elements => elements * bytesOnDevice(resultDType))
  const all = [...operands, ...results].reduce((bits, bytes) => bits | (bytes % arenaAlignment), arenaAlignment)
  return all & -all
}
