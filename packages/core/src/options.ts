/** The options object of a public function, checked for callers without types. */
import { described, fail } from './errors.ts'

/**
 * `options` as it is. Throws a ValueError unless it is a plain object with no other fields than `names`: a wrong name or `sum(x, 0)` would be
 * silent otherwise.
 */
export function checkOptions<O extends object>(where: string, options: O, ...names: readonly string[]): O {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) notOptions(where, options, names)
  for (const name in options) if (!names.includes(name)) stranger(where, options, name, names)
  return options
}

/** `xs`, if it is an array; else a TreeError: `concatenate(a, b)` forgets the brackets. */
export function checkList<T>(where: string, xs: readonly T[], what: string = 'tensors'): readonly T[] {
  return Array.isArray(xs) ? xs : fail('TreeError', `${where}: needs a list of ${what}, got ${described(xs)}. Put brackets around: [...].`)
}

/** `value`, if it is one of `allowed`; else a ValueError that names the option. */
export function checkOneOf<T>(where: string, option: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) fail('ValueError', `${where}: unknown ${option} ${described(value)}. Use one of ${allowed.join(', ')}.`)
  return value
}

function notOptions(where: string, options: unknown, names: readonly string[]): never {
  fail('ValueError', `${where}: options are one object, { ${names.join(', ')} }, got ${described(options)}. Write { ${names[0]}: ... }.`)
}

function stranger(where: string, options: object, name: string, names: readonly string[]): never {
  if (described(options) !== 'an object') notOptions(where, options, names)
  fail('ValueError', `${where}: there is no option ${name}; there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}.`)
}
