/** Options that examples have in common. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { choiceOption, commonOptions, commonSpec, commonUsage, integerOption, positiveOption, readOptions } from './options.ts'

const folder = mkdtempSync(join(tmpdir(), 'cotangent-options-'))
afterAll(() => rmSync(folder, { recursive: true }))
const read = (...args: readonly string[]) => commonOptions('some', readOptions(args, commonSpec))

describe('the common options', () => {
  it('have defaults, and make the folder of the plots', () => {
    const out = join(folder, 'a', 'b')
    expect(read('--out', out)).toEqual({ seed: 0, backend: ['cpu'], fast: false, out })
    expect(existsSync(out)).toBe(true)
    expect(read('--out', out, '--seed', '3', '--threads', '2', '--fast', '--backend', 'webgl,cpu')).toEqual({
      seed: 3,
      threads: 2,
      backend: ['webgl', 'cpu'],
      fast: true,
      out,
    })
  })
  it('are all in the help', () => {
    for (const name of Object.keys(commonSpec).filter(n => n !== 'help')) expect(commonUsage).toContain(`--${name} `)
  })
  it('are refused in one line', () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(() => read('--seed', '-1')).toThrow("Option '--seed' argument is ambiguous. See --help.")
    expect(() => read('--seed', 'x')).toThrow('--seed: an integer of at least 0, got "x". See --help.')
    expect(() => read('--threads', '0')).toThrow('--threads: an integer of at least 1, got "0"')
    expect(() => read('--backend', 'gpu')).toThrow(
      '--backend: cpu, cuda, webgl, reference or several of them, separated by commas; got "gpu".',
    )
    expect(() => read('--backend', 'webgl,')).toThrow('got "". See --help.')
    expect(() => read('--out', file)).toThrow(/--out: cannot make the folder .*\(ENOTDIR.*\)\. See --help/)
    // Node's own recursive mkdir never returns here.
    expect(() => read('--out', '/proc/no/such')).toThrow(/--out: cannot make the folder \/proc\/no\/such \(E.*\)\. See --help/)
    expect(() => read('--out', '')).toThrow('--out: needs the path of a folder. See --help.')
    expect(() => read('--out', join(file, 'below'))).toThrow(/--out: cannot make the folder .*\(ENOTDIR.*\)\. See --help/)
  })
})

it('single options say what they take', () => {
  expect([integerOption({ n: '12' }, 'n', 1), integerOption({}, 'n', 1)]).toEqual([12, undefined])
  expect([positiveOption({ r: '1e-3' }, 'r'), positiveOption({}, 'r')]).toEqual([0.001, undefined])
  for (const r of ['0', '-1', 'x', '', 'Infinity']) expect(() => positiveOption({ r }, 'r')).toThrow(`--r: a number above 0, got "${r}"`)
  const model = (m?: string) => choiceOption({ m }, 'm', ['a', 'b', 'c'])
  expect([model(), model('c')]).toEqual(['a', 'c'])
  expect(() => model('d')).toThrow('--m: a, b or c, got "d". See --help.')
})
