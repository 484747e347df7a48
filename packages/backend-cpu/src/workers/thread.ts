/** One worker thread of Node or of a browser, behind the same few functions. */
import * as Comlink from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { nodeBuiltin } from '../runtime/environment.ts'
import type { WorkerApi } from './protocol.ts'

export interface Thread {
  readonly api: Comlink.Remote<WorkerApi>
  terminate(): Promise<unknown>
}

/** Starts a thread; `onLoss` is called once if it fails or ends by itself. It does not keep the process alive. */
export function startThread(onLoss: (reason: string) => void): Thread {
  const node = nodeBuiltin<typeof import('node:worker_threads')>('worker_threads')
  return node === undefined ? startWebWorker(onLoss) : startNodeWorker(node.Worker, onLoss)
}

const runsFromSource = (): boolean => new URL(import.meta.url).pathname.endsWith('.ts')

function startNodeWorker(Worker: typeof import('node:worker_threads').Worker, onLoss: (reason: string) => void): Thread {
  // tsc rewrites the extension of imports but not of URLs, hence both.
  const worker = new Worker(runsFromSource() ? new URL('./worker.ts', import.meta.url) : new URL('./worker.js', import.meta.url))
  worker.unref()
  worker.once('error', (error: unknown) => onLoss(String(error)))
  worker.once('exit', code => onLoss(`exit code ${code}`))
  return { api: Comlink.wrap<WorkerApi>(nodeEndpoint(worker)), terminate: () => worker.terminate() }
}

function startWebWorker(onLoss: (reason: string) => void): Thread {
  // Bundlers look for exactly this expression.
  const worker = runsFromSource()
    ? new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
    : new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  worker.addEventListener('error', event => onLoss(event.message || 'its script could not be loaded'), { once: true })
  return { api: Comlink.wrap<WorkerApi>(worker), terminate: async () => worker.terminate() }
}
