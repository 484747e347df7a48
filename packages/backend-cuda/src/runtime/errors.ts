/** What the addon throws, and what it means for the device. */
import { CotangentError } from '@cotangent/core/kernel'

/** See addon.ts. */
export interface DriverError extends Error {
  readonly code: 'ERR_CUDA'
  readonly call: string
  readonly status: number
  /** Of `execute`: how many commands had been ordered when one failed. */
  readonly ordered?: number
}

export const isDriverError = (e: unknown): e is DriverError => e instanceof Error && 'code' in e && e.code === 'ERR_CUDA'

/** CUDA_ERROR_OUT_OF_MEMORY. */
export const isOutOfMemory = (e: unknown): boolean => isDriverError(e) && isOfDriver(e) && e.status === 2

/** Was part of a command buffer ordered before this error, made of a DriverError, was thrown? */
export function hasBegun(e: unknown): boolean {
  const cause = e instanceof Error ? e.cause : undefined
  return isDriverError(cause) && (cause.ordered ?? 0) > 0
}

/** NVRTC and cuBLASLt number their errors themselves. */
const isOfDriver = ({ call }: DriverError): boolean => /^cu[A-Z]/.test(call)

/**
 * CUresults after which the context is of no use (cuda.h: "The context cannot be used", "the process must be terminated and relaunched"):
 * deinitialized, invalid context, uncorrectable ECC, NVLink, illegal address, launch timeout, destroyed context, assert, hardware stack,
 * illegal instruction, misaligned address, invalid address space, invalid program counter, launch failure, unknown.
 */
const fatal: ReadonlySet<number> = new Set([4, 201, 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 999])

export const isFatal = (e: unknown): boolean => isDriverError(e) && isOfDriver(e) && fatal.has(e.status)

export const backendError = (message: string, cause?: unknown): CotangentError => new CotangentError('BackendError', message, { cause })
