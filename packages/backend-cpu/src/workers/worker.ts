/** The script of a worker thread, in Node and in browsers. */
import * as Comlink from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { nodeBuiltin } from '../runtime/environment.ts'
import { makeWorker } from './protocol.ts'

const port = nodeBuiltin<typeof import('node:worker_threads')>('worker_threads')?.parentPort
Comlink.expose(makeWorker(), port ? nodeEndpoint(port) : undefined)
