/** Products as plans of cuBLASLt, which thinks in columns: of a row-major `a @ b = c` it computes `c' = b' @ a'`. */
import { fail } from '@cotangent/core/kernel'
import type { Precision, Product } from '../command.ts'
import { bytesOnDevice } from '../language/types.ts'
import type { ProductPlan } from './addon.ts'
import { isDriverError } from './errors.ts'
import type { Session } from './session.ts'
import { Shared } from './shared.ts'

export interface Plan {
  readonly handle: number
  /** Bytes that it needs. */
  readonly workspace: number
}

// Values of cublasLt.h and library_types.h.
const CUDA_R_32F = 0
const CUDA_R_64F = 1
const CUBLAS_COMPUTE_64F = 70
/** CUBLAS_COMPUTE_32F, _FAST_TF32, _FAST_16BF. */
const compute: Readonly<Record<Precision, number>> = { float32: 68, tf32: 77, bf16: 75 }
const EPILOGUE_DEFAULT = 1
const EPILOGUE_RELU = 2
const EPILOGUE_BIAS = 4

export class Products {
  private readonly session: Session
  private readonly precision: Precision
  /** Undefined: what cuBLASLt does not take. */
  private readonly plans: Shared<string, Plan | undefined>

  constructor(session: Session, precision: Precision) {
    this.session = session
    this.precision = precision
    this.plans = new Shared(256, plan => {
      if (plan !== undefined && session.isOpen) session.call(() => session.device.releaseProduct(plan.handle))
    })
  }

  /** Does cuBLASLt take it? The plan is kept for `take`. */
  supports(product: Product): boolean {
    const plan = this.find(product)
    this.give(product)
    return plan !== undefined
  }

  take(product: Product): Plan {
    return this.find(product) ?? fail('InternalError', 'cuda: a product that cuBLASLt does not take. Please report it.')
  }

  give(product: Product): void {
    this.plans.give(keyOf(planOf(product, this.precision)))
  }

  private find(product: Product): Plan | undefined {
    const plan = planOf(product, this.precision)
    return this.plans.take(keyOf(plan), () => this.make(plan))
  }

  private make(plan: ProductPlan): Plan | undefined {
    const { session } = this
    try {
      return session.retrying(() => session.device.product(plan))
    } catch (error) {
      if (isUnsupported(error)) return undefined
      throw error
    }
  }
}

/** CUBLAS_STATUS_NOT_SUPPORTED: none of its algorithms does it, under this alignment and in a fixed order. */
const isUnsupported = (error: unknown): boolean =>
  error instanceof Error && isDriverError(error.cause) && error.cause.call === 'cublasLtMatmulAlgoGetHeuristic' && error.cause.status === 15

const keyOf = (plan: ProductPlan): string => Object.values(plan).join(' ')

export function planOf(product: Product, precision: Precision): ProductPlan {
  const { dtype, batch, rows, columns, sum, a, b, result, epilogue } = product
  if (dtype !== 'float32' && dtype !== 'float64') return fail('InternalError', `cuda: a product of ${dtype}. Please report it.`)
  if (result.transposed) return fail('InternalError', 'cuda: a product with a transposed result. Please report it.')
  return {
    type: dtype === 'float32' ? CUDA_R_32F : CUDA_R_64F,
    compute: dtype === 'float32' ? compute[precision] : CUBLAS_COMPUTE_64F,
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
function alignmentOf({ dtype, batch, a, b, result, epilogue }: Product): number {
  const bytes = bytesOnDevice(dtype),
    matrices = [a, b, result].flatMap(m => [m.offset, ...(batch > 1 ? [m.batchStride] : [])])
  const all = [...matrices, epilogue.bias?.offset ?? 0].reduce(
    (bits, elements) => bits | ((elements * bytes) % arenaAlignment),
    arenaAlignment,
  )
  return all & -all
}
