// comlink ships node-adapter.d.ts, but TypeScript looks for the types of a .mjs file in a .d.mts file.
declare module 'comlink/dist/esm/node-adapter.mjs' {
  import type { Endpoint } from 'comlink'

  /** What a Worker, a MessagePort and `parentPort` of node:worker_threads have in common. */
  export interface NodeEndpoint {
    postMessage(message: unknown): void
    on(type: 'message', listener: (value: unknown) => void): unknown
    off(type: 'message', listener: (value: unknown) => void): unknown
  }

  export default function nodeEndpoint(endpoint: NodeEndpoint): Endpoint
}
