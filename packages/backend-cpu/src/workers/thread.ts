/** One worker thread of Node or of a browser, behind the same few functions. */
import * as Comlink from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { nodeBuiltin } from '../runtime/environment.ts'
import type { WorkerApi } from './protocol.ts'

export interface Thread {
  readonly api: Comlink.Remote<WorkerApi>
  /** Whether the process goes on while the thread runs. At first it does not. */
  keepAlive(on: boolean): void
  terminate(): Promise<unknown>
}

/** Starts a thread; `onLoss` is called if it fails or ends by itself. */
export function startThread(onLoss: (reason: string) => void): Thread {
  const node = nodeBuiltin<typeof import('node:worker_threads')>('worker_threads')
  return node === undefined ? startWebWorker(onLoss) : startNodeWorker(node.Worker, onLoss)
}

function startNodeWorker(Worker: typeof import('node:worker_threads').Worker, onLoss: (reason: string) => void): Thread {
  const worker = new Worker(new URL('./worker.ts', import.meta.url))
  worker.once('error', (error: unknown) => onLoss(String(error)))
  worker.once('exit', code => onLoss(`exit code ${code}`))
  const api = Comlink.wrap<WorkerApi>(nodeEndpoint(worker))
  worker.unref()
  return { api, keepAlive: on => (on ? worker.ref() : worker.unref()), terminate: () => worker.terminate() }
}

function startWebWorker(onLoss: (reason: string) => void): Thread {
  // Bundlers look for exactly this expression; the build replaces .ts by .js.
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  worker.addEventListener('error', event => onLoss(event.message || 'its script could not be loaded'), { once: true })
  return { api: Comlink.wrap<WorkerApi>(worker), keepAlive: () => {}, terminate: async () => worker.terminate() }
}
