import { describe, expect, test } from 'vitest'
import { aval } from '../../src/aval.ts'
import { multiply, sin } from '../../src/numpy/index.ts'
import { addP } from '../../src/primitives/arithmetic.ts'
import { gather } from '../../src/primitives/gather.ts'
import { noParams } from '../../src/primitives/primitive.ts'
import { checkProgram } from '../../src/program/check.ts'
import { internProgram } from '../../src/program/intern.ts'
import { printProgram } from '../../src/program/print.ts'
import { type Program, literal, newVar } from '../../src/program/program.ts'
import { simplify } from '../../src/program/simplify.ts'
import { trace } from '../../src/program/trace.ts'
import type { Tensor } from '../../src/tensor.ts'
import { scan } from '../../src/transforms/loops.ts'
import { useReference } from '../support/laws.ts'

useReference()
const vector = aval([2], 'float32'),
  scalarType = aval([], 'float32')
const [a, b] = [newVar(vector), newVar(vector)]
const sum: Program = {
  inputs: [a],
  equations: [{ primitive: addP, inputs: [a, literal(1, scalarType)], params: noParams, outputs: [b] }],
  outputs: [b],
}

describe('checkProgram', () => {
  test('accepts what tracing gives', () => {
    checkProgram(sum)
    checkProgram(trace(x => scan((c: Tensor, v: Tensor) => [sin(c.mul(v)), c], 0, x as Tensor), [vector], 'f').program)
  })
  const [equation] = sum.equations as [Program['equations'][number]]
  const refused: readonly [string, Program, RegExp][] = [
    ['a use before the definition', { ...sum, inputs: [] }, /equation 0 \(add\): a variable is used before it is defined/],
    ['an output that nothing defines', { ...sum, outputs: [newVar(vector)] }, /output 0: a variable is used before/],
    ['two definitions', { ...sum, equations: [equation, equation] }, /equation 1 \(add\): a variable is defined twice/],
    [
      'a wrong type',
      { ...sum, equations: [{ ...equation, outputs: [newVar(scalarType)] }], outputs: [] },
      /output 0 is f32\[\], its rule gives f32\[2\]/,
    ],
    [
      'a wrong number of outputs',
      { ...sum, equations: [{ ...equation, outputs: [b, newVar(vector)] }] },
      /has 2 outputs, its rule gives 1/,
    ],
  ]
  test.each(refused)('refuses %s', (_, program, message) => {
    expect(() => checkProgram(program)).toThrow(message)
  })
})

describe('simplify', () => {
  const traced = (f: (x: Tensor) => Tensor): Program => trace(x => [f(x as Tensor)], [vector], 'f').program
  test('drops what is not used and shares what is equal', () => {
    const p = simplify(
      traced(x => {
        sin(sin(x))
        return sin(x).add(sin(x))
      }),
    )
    expect(printProgram(p)).toBe('{ a:f32[2] ->\n  b:f32[2] = sin a\n  c:f32[2] = add b b\n  return c }')
    checkProgram(p)
  })
  test('keeps apart what differs in a literal or a param', () => {
    expect(simplify(traced(x => x.mul(2).add(x.mul(-2)))).equations.length).toBe(3)
    expect(simplify(traced(x => x.mul(0).add(x.mul(-0)))).equations.length).toBe(3)
    const read = (x: Tensor, fillValue: number): Tensor => gather(x, [2], { fillValue })
    expect(simplify(traced(x => read(x, 0).add(read(x, -0)))).equations.length).toBe(3)
    expect(simplify(traced(x => read(x, 0).add(read(x, 0)))).equations.length).toBe(2)
    expect(
      simplify(
        traced(x =>
          x
            .reshape([2, 1])
            .sum()
            .add(x.reshape([1, 2]).sum()),
        ),
      ).equations.length,
    ).toBe(5)
  })
})

describe('internProgram', () => {
  const of = (k: number, type = vector): Program => trace(x => [multiply(sin(x as Tensor), k)], [type], 'f').program
  test('gives equal Programs one identity', () => {
    expect(internProgram(of(2))).toBe(internProgram(of(2)))
    for (const other of [of(3), of(-0), of(2, scalarType)]) expect(internProgram(other)).not.toBe(internProgram(of(2)))
    expect(internProgram(of(0))).not.toBe(internProgram(of(-0)))
  })
  test('looks into sub-programs', () => {
    const loop = (k: number): Program =>
      trace(x => [scan((c: Tensor, v: Tensor) => [c.add(v.mul(k)), null], 0, x as Tensor)[0]], [vector], 'f').program
    expect(internProgram(loop(2))).toBe(internProgram(loop(2)))
    expect(internProgram(loop(2))).not.toBe(internProgram(loop(3)))
  })
})
