/**
 * The functions that a shader uses, in order of dependency. They are found by their names in the text: `exp_1` for one lane, `exp_4` for
 * four. Each is written once for both, in a template where `$F`, `$I`, `$U`, `$B` are the types and `$name` is another function of as many lanes.
 */
import { fail } from '@cotangent/core/kernel'
import { bits } from './bits.ts'
import { exponential } from './exponential.ts'
import { integer } from './integer.ts'
import { inverse } from './inverse.ts'
import { logarithm } from './logarithm.ts'
import { remainder } from './remainder.ts'
import { special } from './special.ts'
import type { Functions } from './template.ts'
import { trigonometric } from './trigonometric.ts'
import type { Lanes } from './types.ts'

const functions: Functions = {
  ...bits,
  ...integer,
  ...exponential,
  ...logarithm,
  ...trigonometric,
  ...inverse,
  ...special,
  ...remainder,
}

const called = /\b([A-Za-z][A-Za-z0-9]*)_([14])\b/g
const types: Readonly<Record<string, readonly [one: string, four: string]>> = {
  F: ['float', 'vec4'],
  I: ['int', 'ivec4'],
  U: ['uint', 'uvec4'],
  B: ['bool', 'bvec4'],
}

/** The text of one function. */
function expand(name: string, lanes: Lanes): string {
  const template = functions[name]
  if (template === undefined)
    return fail('InternalError', `webgl: there is no GLSL function ${name}. This is a fault in Cotangent: please report it.`)
  const text = typeof template === 'string' ? template : template(lanes)
  return text.replace(/\$([A-Za-z][A-Za-z0-9]*)/g, (_, word: string) => types[word]?.[lanes === 1 ? 0 : 1] ?? `${word}_${lanes}`)
}

/** Definitions of all functions that `body` uses, directly or not. Goes before `body`, after the declaration of `uZero`. */
export function preludeOf(body: string): string {
  const done = new Set<string>()
  const texts: string[] = []
  const gather = (text: string): void => {
    for (const [key, name, lanes] of text.matchAll(called)) {
      if (done.has(key) || functions[name as string] === undefined) continue
      done.add(key)
      const definition = expand(name as string, lanes === '1' ? 1 : 4)
      gather(definition)
      texts.push(definition.trim())
    }
  }
  gather(body)
  return texts.length === 0 ? '' : `${texts.join('\n')}\n`
}
