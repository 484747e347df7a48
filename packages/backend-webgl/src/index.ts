/** `@cotangent/backend-webgl`: tensors on the GPU by WebGL2, for pages and workers. */
import { type Backend, fail } from '@cotangent/core/kernel'
import { WebglBackend } from './backend.ts'

export interface WebglOptions {
  /**
   * Bytes of textures, those kept for reuse included. A browser does not tell which tensors are unreachable before the current task ends, so
   * when this is reached the ones not used for longest move to ordinary arrays.
   * @default 1 GiB
   */
  readonly memoryBudget?: number
  /** Asks WebGL for errors after every draw, which is slow, and names the draw that failed. @default false */
  readonly debug?: boolean
}

/** Opens the backend. Rejects with a BackendError that says what this browser lacks, or with a ConfigError for an option out of range. */
export async function webgl({ memoryBudget = 2 ** 30, debug = false }: WebglOptions = {}): Promise<Backend> {
  if (!(memoryBudget >= 2 ** 20)) fail('ConfigError', `webgl: memoryBudget is at least 1 MiB (in bytes), got ${memoryBudget}.`)
  return new WebglBackend({ memoryBudget, debug })
}

/** What `init({ backend: [...] })` takes from those who bundle. */
export const backend: { readonly name: 'webgl'; readonly load: (options: { readonly threads?: number }) => Promise<Backend> } = {
  name: 'webgl',
  load: () => webgl(),
}
