/** The backends of the choices, on the worker's side. */
import type { BackendLoader, BackendName } from '@cotangent/core'
import { backend as cpu } from '@cotangent/backend-cpu'
import { backend as webgl } from '@cotangent/backend-webgl'
import type { BackendChoice } from './choices.ts'
import type { Choice } from './protocol.ts'

interface Entry {
  /** What `init` takes. */
  readonly load: BackendLoader | BackendName
  /** Does it use threads? */
  readonly threads: boolean
}

export const backends: Readonly<Record<BackendChoice, Entry>> = {
  cpu: { load: cpu, threads: true },
  webgl: { load: webgl, threads: false },
  reference: { load: 'reference', threads: false },
}

/** For backends that have threads. One core is left to the page. Threads share memory, which needs cross-origin isolation. */
export const threadsFor = ({ backend, cores }: Choice): { readonly threads?: number } =>
  backends[backend].threads ? { threads: globalThis.crossOriginIsolated ? Math.max(1, cores - 1) : 1 } : {}
