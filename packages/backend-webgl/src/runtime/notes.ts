/** Tells of kernels that go another way than their kind usually does: each way once a page, with the first kernel that took it. */
import type { Way } from '../pass.ts'
import type { Note } from './schedule.ts'

const told = new Set<Way>()

export function tellOnce(notes: readonly Note[]): void {
  for (const { way, why } of notes) {
    if (told.has(way)) continue
    told.add(way)
    console.info(`webgl: ${way}: ${why}. Said once; explain(f) names all such kernels.`)
  }
}
