/** Parts of Programs as text, equal for equal ones: what caches compare. */
import { identity } from '../identity.ts'
import { type Literal, type Program, isProgram } from './program.ts'

export const literalKey = ({ value, aval }: Literal): string => `${Object.is(value, -0) ? '-0' : value}:${aval.id}`

const byIdentity = (p: Program): string => `#${identity(p)}`

/** Params as text: functions by identity, Programs as `programKey` says (default: by identity), numbers exactly. */
export function paramsKey(params: object, programKey: (p: Program) => string = byIdentity): string {
  return JSON.stringify(params, (_, v: unknown) => {
    if (typeof v === 'function') return `#${identity(v)}`
    if (isProgram(v)) return programKey(v)
    return typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0)) ? `#${Object.is(v, -0) ? '-0' : v}` : v
  })
}
