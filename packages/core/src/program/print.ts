/**
 * A Program as text: variables are named a, b, c, ... in order of appearance, scalar constants are written in place, sub-programs are indented
 * below their equation. The text of equal Programs is equal.
 *
 *     { a:f32[3] b:f32[3] ->
 *       c:f32[3] = mul a b
 *       d:f32[] = sum[axes=[0]] c
 *       return d }
 */
import { showAval } from '../aval.ts'
import { type Atom, type Equation, type Program, type Var, isProgram } from './program.ts'

type Names = Map<Var, string>

export function printProgram(program: Program): string {
  return block(program, '').join('\n')
}

function block(program: Program, indent: string): string[] {
  const names: Names = new Map()
  const define = (v: Var): string => {
    const name = letters(names.size)
    names.set(v, name)
    return `${name}:${showAval(v.aval)}`
  }
  const lines = [`${indent}{ ${program.inputs.map(define).join(' ')}${program.inputs.length > 0 ? ' ' : ''}->`]
  for (const e of program.equations) lines.push(...equation(e, names, define, `${indent}  `))
  lines.push(`${indent}  return ${program.outputs.map(a => atom(a, names)).join(' ')} }`)
  return lines
}

function equation(e: Equation, names: Names, define: (v: Var) => string, indent: string): string[] {
  const inputs = e.inputs.map(a => atom(a, names))
  const params: string[] = []
  const below: string[] = []
  for (const [k, v] of Object.entries(e.params)) {
    const programs = isProgram(v) ? [v] : Array.isArray(v) && v.some(isProgram) ? (v as Program[]) : null
    if (programs === null) params.push(`${k}=${show(v)}`)
    else
      programs.forEach((p, i) =>
        below.push(`${indent}  ${k}${programs.length > 1 || Array.isArray(v) ? `[${i}]` : ''} =`, ...block(p, `${indent}  `)),
      )
  }
  const outputs = e.outputs.map(define).join(' ')
  return [
    `${indent}${outputs} = ${e.primitive.name}${params.length > 0 ? `[${params.join(' ')}]` : ''} ${inputs.join(' ')}`.trimEnd(),
    ...below,
  ]
}

function atom(a: Atom, names: Names): string {
  if (a.kind === 'var') return names.get(a) ?? `?${a.id}`
  return a.aval.weak ? showNumber(a.value) : `${showNumber(a.value)}:${showAval(a.aval).split('[')[0]}`
}
const showNumber = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))

function show(v: unknown): string {
  if (typeof v === 'number') return showNumber(v)
  if (typeof v === 'function') return v.name === '' ? 'function' : v.name
  if (Array.isArray(v)) return `[${v.map(show).join(',')}]`
  if (typeof v === 'object' && v !== null)
    return `{${Object.entries(v)
      .map(([k, x]) => `${k}:${show(x)}`)
      .join(' ')}}`
  return String(v)
}

/** 0 is a, 25 is z, 26 is aa. */
function letters(n: number): string {
  const last = String.fromCharCode(97 + (n % 26))
  return n < 26 ? last : letters(Math.floor(n / 26) - 1) + last
}
