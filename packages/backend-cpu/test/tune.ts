/** Other values in the table of tuned numbers, for tests: so that small data are cut, shared and forked like large ones. */
import { loops, pacing, threading } from '../src/tuning.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function override<T extends object>(table: T, values: Partial<T>): () => void {
  const before = Object.fromEntries(Object.keys(values).map(key => [key, table[key as keyof T]])) as Partial<T>
  Object.assign(table as Mutable<T>, values)
  return () => void Object.assign(table as Mutable<T>, before)
}

/** Runs that could be shared are, whether that is faster or not. Returns what undoes it. */
export const keepSharing = (): (() => void) => override(pacing, { firstTrial: Infinity, clearly: 0 })

/** Every row is a task of its own, all phases of several tasks are shared, all runs forked. Returns what undoes it. */
export function shareEverything(): () => void {
  const undo = [
    keepSharing(),
    override(loops, { task: 1, sortTask: 1, scatterPiece: 4 }),
    override(threading, { worthSharing: 0, worthForking: 1, worthWaking: 1, worthStarting: 1, longJob: 1, longPhase: 1 }),
  ]
  return () => undo.forEach(f => f())
}
