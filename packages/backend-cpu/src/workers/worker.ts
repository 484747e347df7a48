/** The script of a worker thread, in Node and in browsers. */
import * as Comlink from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { isNode, nodeBuiltin, prepareEnvironment } from '../runtime/environment.ts'
import { makeWorker } from './protocol.ts'

function start(): void {
  const port = nodeBuiltin<typeof import('node:worker_threads')>('worker_threads')?.parentPort
  Comlink.expose(makeWorker(), port ? nodeEndpoint(port) : undefined)
}

// No top-level await: bundlers' classic workers lack it, and in a browser the listener has to be there when the script has run.
if (isNode()) void prepareEnvironment().then(start)
else start()
