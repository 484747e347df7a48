/** A tensor while a Program is lowered. It starts as a recipe and gets a buffer when somebody needs it stored. */
import type { Aval } from '../aval.ts'
import { invariant } from '../errors.ts'
import type { BufferId } from './kernel.ts'
import type { ElementRule, Value } from './lowering.ts'

export interface Recipe {
  readonly rule: ElementRule
  /** Values the rule reads. */
  readonly inputs: readonly Lazy[]
  /** Scalar work of one element, without that of its inputs; 0: a view. */
  readonly work: number
  /** Set for a reshape: this value is the same buffer as `of`, once that is stored. */
  readonly reshapeOf?: Lazy
}

export class Lazy implements Value {
  readonly aval: Aval
  buffer: BufferId | null
  recipe: Recipe | null
  readonly literal?: number

  constructor(aval: Aval, buffer: BufferId | null, recipe: Recipe | null, literal?: number) {
    this.aval = aval
    if (literal !== undefined) this.literal = literal
    this.buffer = buffer
    this.recipe = recipe
  }
  /** Work to compute one element where it is read, with that of lazy inputs expanded in place: nothing when stored. */
  get cost(): number {
    return this.buffer !== null || this.recipe === null ? 0 : this.recipe.inputs.reduce((sum, v) => sum + v.cost, this.recipe.work)
  }
}

export function asLazy(v: Value): Lazy {
  invariant(v instanceof Lazy, 'a Value of another lowering')
  return v
}
