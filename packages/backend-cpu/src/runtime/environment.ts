/** What the surrounding program offers: Node's built-in modules, threads, shared memory. Nothing here runs at import time. */

interface NodeProcess {
  readonly versions?: { readonly node?: string }
  getBuiltinModule?(name: string): unknown
}

const nodeProcess = (): NodeProcess | undefined => (globalThis as { process?: NodeProcess }).process

/** Node, or a runtime that says it is one. */
export const isNode = (): boolean => typeof nodeProcess()?.versions?.node === 'string'

const imported = new Map<string, unknown>()

/**
 * A built-in module of Node, or undefined elsewhere. Asked for by `process.getBuiltinModule` (Node 20.16), so that bundlers for browsers
 * never see an import.
 */
export function nodeBuiltin<T>(name: string): T | undefined {
  if (!isNode()) return undefined
  return (nodeProcess()?.getBuiltinModule?.(`node:${name}`) ?? imported.get(name)) as T | undefined
}

/** Imports the built-in modules where an older Node cannot be asked for them. */
export async function prepareEnvironment(): Promise<void> {
  if (!isNode() || nodeProcess()?.getBuiltinModule !== undefined) return
  for (const name of ['os', 'util', 'v8', 'vm', 'worker_threads']) {
    const specifier = `node:${name}`
    imported.set(name, await import(/* @vite-ignore */ specifier))
  }
}

/** Cores that this process may use. */
export function availableCores(): number {
  const os = nodeBuiltin<typeof import('node:os')>('os')
  return os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1
}

/** May memory be shared with worker threads? In a browser the page has to be cross-origin isolated. */
export const canShareMemory = (): boolean =>
  typeof SharedArrayBuffer === 'function' && (isNode() || (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true)

/** A browser's window thread must not block in Atomics.wait. */
export const canWait = (): boolean => isNode() || typeof (globalThis as { window?: unknown }).window === 'undefined'
