/** The variants of the cpu backend: by what the engine offers, on several numbers of threads. */
import { CpuBackend } from '../src/backend.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import { hasFusedMultiplyAdd } from '../src/runtime/features.ts'
import { findLiveness } from '../src/runtime/liveness.ts'
import { Memory } from '../src/runtime/memory.ts'
import { Pool } from '../src/workers/pool.ts'

export interface Variant {
  /** A column of the table of tuned numbers. On a machine without relaxed SIMD all are `plain`. */
  readonly simd: 'wide' | 'relaxed' | 'plain'
  readonly threads: number
}

export const nameOf = ({ simd, threads }: Variant): string => `cpu, ${simd} SIMD, ${threads} thread${threads === 1 ? '' : 's'}`

/** As `cpu()` makes it, with its pool to be looked at. */
export function openVariant({ simd, threads }: Variant): { readonly backend: CpuBackend; readonly pool: Pool } {
  const memory = new Memory({ shared: true, maximumPages: 16384 })
  const report = (message: string): never => {
    throw new Error(message)
  }
  const pool = new Pool({ memory, threads, report })
  const fma = simd !== 'plain' && hasFusedMultiplyAdd()
  const platform = { memory, fma, wide: simd === 'wide', memoryBudget: 2 ** 28, liveness: findLiveness(), emit: emitKernel, runner: pool }
  return { backend: new CpuBackend(platform), pool }
}
