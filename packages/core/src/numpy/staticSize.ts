/** Numbers of results that depend on values: read outside of jit, given by the caller under it. */
import { CotangentError, fail } from '../errors.ts'
import type { Tensor } from '../tensor.ts'

export interface StaticSize {
  /** The number of results. Needed under jit and vmap. Default: as many as there are. */
  readonly size?: number
}
export interface FilledSize extends StaticSize {
  /** What stands behind the results where there are fewer than `size`. */
  readonly fillValue?: number
}

/** Refuses a size that is no count. */
export function checkStaticSize(caller: string, name: string, size: unknown): void {
  if (!Number.isSafeInteger(size) || (size as number) < 0)
    fail('ValueError', `${caller}: ${name} must be a non-negative integer, got ${String(size)}.`)
}

/** The given size, or the number that `count` computes, if it can be read. */
export function staticSize(caller: string, size: number | undefined, count: () => Tensor, name = 'size'): number {
  if (size !== undefined) {
    checkStaticSize(caller, name, size)
    return size
  }
  try {
    return count().item()
  } catch (cause) {
    if (!(cause instanceof CotangentError) || cause.kind !== 'TracerError') throw cause
    return fail(
      'TracerError',
      `${caller}: how many results there are depends on values, which jit and vmap do not know. Give { ${name}: n }, a number; or call it outside.`,
      cause,
    )
  }
}
