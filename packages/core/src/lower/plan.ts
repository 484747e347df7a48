import type { BufferId, BufferSpec, Kernel, Placement } from './kernel.ts'

/** A graph whose temporaries have no addresses yet. `donatable[i]`: the caller may give input i up. */
export interface UnplannedGraph {
  readonly buffers: readonly (BufferSpec & { readonly place: Exclude<Placement, { kind: 'temporary' }> | { readonly kind: 'temporary' } })[]
  readonly inputs: readonly BufferId[]
  readonly outputs: readonly BufferId[]
  readonly kernels: readonly Kernel[]
  readonly donatable: readonly boolean[]
}
