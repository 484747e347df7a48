/** The named axes in scope: those of the `vmap`s with an `axisName` that are running, innermost last. Collectives look theirs up here. */
import type { Trace } from './bind.ts'

export interface NamedAxis {
  readonly name: string
  readonly size: number
  readonly trace: Trace
}

let scope: readonly NamedAxis[] = []

export const hasAxesInScope = (): boolean => scope.length > 0
export const axesInScope = (): readonly NamedAxis[] => scope
export const axisInScope = (name: string): NamedAxis | undefined => scope.findLast(a => a.name === name)

/** Runs `body` with one more name. */
export function withNamedAxis<R>(axis: NamedAxis, body: () => R): R {
  const outer = scope
  scope = [...outer, axis]
  try {
    return body()
  } finally {
    scope = outer
  }
}

/** Names and sizes as text: what a trace depends on beside its arguments. Empty outside of all. */
export const axesKey = (): string => (scope.length === 0 ? '' : scope.map(a => `'${a.name}' of size ${a.size}`).join(', '))
