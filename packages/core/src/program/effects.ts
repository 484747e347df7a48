/** What equations do besides computing their outputs, and which of them no kernel can run. Answers are remembered for each Program. */
import { type Primitive, isCall } from '../primitives/primitive.ts'
import { type Equation, type Program, subprograms } from './program.ts'

/** Does the equation, or one inside it, have an effect? */
export const hasEffect = ({ primitive, params }: Pick<Equation, 'primitive' | 'params'>): boolean =>
  primitive.effect === true || (isCall(primitive) && subprograms(params).some(anyEffect))

/** Must the equation run in parts, because it or one inside it runs on the host? */
export const needsHost = (primitive: Primitive, params: object): boolean =>
  primitive.onHost !== undefined || (isCall(primitive) && subprograms(params).some(programNeedsHost))

const anyEffect = /* @__PURE__ */ remembered(e => hasEffect(e))
export const programNeedsHost: (program: Program) => boolean = /* @__PURE__ */ remembered(e => needsHost(e.primitive, e.params))

/** Does it hold for an equation of the Program? */
function remembered(holds: (e: Equation) => boolean): (program: Program) => boolean {
  const known = new WeakMap<Program, boolean>()
  return program => {
    let r = known.get(program)
    if (r === undefined) known.set(program, (r = program.equations.some(holds)))
    return r
  }
}
