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
export async function webgl(options: WebglOptions = {}): Promise<Backend> {
  checkOptions(options)
  const { memoryBudget = 2 ** 30, debug = false } = options
  return new WebglBackend({ memoryBudget, debug })
}

const rules: Readonly<Record<keyof WebglOptions, { readonly text: string; readonly holds: (value: unknown) => boolean }>> = {
  memoryBudget: { text: 'at least 1 MiB, in bytes', holds: v => typeof v === 'number' && v >= 2 ** 20 },
  debug: { text: 'true or false', holds: v => typeof v === 'boolean' },
}

function checkOptions(options: WebglOptions): void {
  if (typeof options !== 'object' || options === null) fail('ConfigError', `webgl: options are an object, got ${String(options)}.`)
  const problems = Object.entries(options).flatMap(([name, value]: [string, unknown]) => {
    if (!Object.hasOwn(rules, name)) return [`no option "${name}" (there are ${Object.keys(rules).join(', ')})`]
    const { text, holds } = rules[name as keyof WebglOptions]
    return value === undefined || holds(value) ? [] : [`${name} is ${text}, got ${String(value)}`]
  })
  if (problems.length > 0) fail('ConfigError', `webgl: ${problems.join('; ')}.`)
}

/** What `init({ backend: [...] })` takes from those who bundle. */
export const backend: { readonly name: 'webgl'; readonly load: (options: { readonly threads?: number }) => Promise<Backend> } = {
  name: 'webgl',
  load: () => webgl(),
}
