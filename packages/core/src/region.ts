/**
 * Memory that transforms make for themselves. While `grad` or `vmap` of a plain function runs eagerly, their rules compute tensors that no user
 * ever holds: primal values inside tracers, residuals, cotangents. They are freed when the outermost transform returns, not when the
 * garbage collector comes by.
 *
 * What a rule computes belongs to the region; what is handed to user code is released from it.
 */
import type { Storage, Tensor } from './tensor.ts'

let region: Set<Storage> | null = null
let tracking = false

/** Called for each new Storage. */
export function trackStorage(s: Storage): void {
  if (tracking) (region as Set<Storage>).add(s)
}

const storageOf = (t: Tensor): Storage | null => ('buffer' in t.value ? t.value : null)

/** Runs `body`; the outermost region then frees what rules made, except the tensors that `results` lists. */
export function inRegion<R>(body: () => R, results: (r: R) => readonly Tensor[]): R {
  const outer = region
  const own = (region ??= new Set())
  try {
    const r = untracked(body)
    release(results(r))
    return r
  } finally {
    if (outer === null) {
      region = null
      for (const s of own) s.dispose()
    }
  }
}

/** Runs a rule: what it makes belongs to the region, if there is one. */
export function owned<R>(rule: () => R): R {
  if (region === null || tracking) return rule()
  tracking = true
  try {
    return rule()
  } finally {
    tracking = false
  }
}

/** Runs user code from within a rule: what it makes is the user's. */
export function untracked<R>(body: () => R): R {
  if (!tracking) return body()
  tracking = false
  try {
    return body()
  } finally {
    tracking = true
  }
}

/** Runs `body` whose intermediates outlive it (a pullback keeps its residuals): the garbage collector frees them. */
export function withoutRegion<R>(body: () => R): R {
  const outer = region,
    wasTracking = tracking
  region = new Set() // not null: regions inside are not outermost, and leave to the collector what they make
  tracking = false
  try {
    return body()
  } finally {
    region = outer
    tracking = wasTracking
  }
}

/** Hands tensors to the user. */
export function release(tensors: readonly Tensor[]): void {
  if (region === null || region.size === 0) return
  for (const t of tensors) {
    const s = storageOf(t)
    if (s !== null) region.delete(s)
  }
}
