/** Places in trees, for messages: `params.blocks[2].w`. */
import { fail } from '../errors.ts'
import { isTensor } from '../tensor.ts'
import { DEEPEST, type Fields, type Structure, fieldName, flatten, isNode, isPlain, isStatic, sameStructure } from './structure.ts'

const field = (path: string, k: string): string =>
  fieldName(k) === k ? (path === '' ? k : `${path}.${k}`) : `${path}[${JSON.stringify(k)}]`

/** The path of each leaf: `params.blocks[2].w`. Children of a TreeNode are numbered, a single one (a key's data) has its parent's path. */
export function leafPaths(structure: Structure, root = ''): readonly string[] {
  const out: string[] = []
  const walk = (s: Structure, path: string): void => {
    if (s.kind === 'leaf') out.push(path)
    else if (s.kind === 'node' && s.children.length === 1) walk(s.children[0] as Structure, path)
    else s.children.forEach((c, i) => walk(c, s.kind === 'object' ? field(path, s.keys[i] as string) : `${path}[${i}]`))
  }
  walk(structure, root)
  return out
}

/** Names the first thing in `t` that is no tensor, and the remedy. */
export function explainTree(t: unknown, path: string): never {
  const visit = (x: unknown, at: string, depth = 0): void => {
    if (x === null || x === undefined || typeof x === 'string' || isTensor(x)) return
    if (depth > DEEPEST)
      fail('TreeError', `${path} is nested deeper than ${DEEPEST} levels (${at.slice(0, 60)}...). Does it contain itself?`)
    if (typeof x !== 'object')
      refuse(at, typeof x === 'function' ? `a function${x.name === '' ? '' : ` (${x.name})`}` : `a ${typeof x} (${String(x)})`, remedy(x))
    if (Array.isArray(x)) x.forEach((v, i) => visit(v, `${at}[${i}]`, depth + 1))
    else if (isNode(x)) x[flatten]()[0].forEach((v, i) => visit(v, `${at}[${i}]`, depth + 1))
    else if (isStatic(x)) return
    else if (isPlain(x)) for (const k of Object.keys(x)) visit((x as Fields)[k], field(at, k), depth + 1)
    else refuse(at, `a ${x.constructor.name}`, remedy(x))
  }
  visit(t, path)
  return fail('InternalError', `${path} is no tree, yet all its leaves are tensors`)
}

function refuse(path: string, found: string, hint: string): never {
  fail('TreeError', `${path} is ${found}, not a tensor. ${hint}`)
}

function remedy(x: unknown): string {
  if (typeof x === 'number' || typeof x === 'boolean')
    return `To compute with it wrap it: scalar(${String(x)}); to keep it as it is: staticValue(${String(x)}), or list the argument as static.`
  if (typeof x === 'function') return 'Close over it, wrap it in staticValue(...), or list the argument as static.'
  if (typeof x !== 'object' || x === null) return 'Close over it, or wrap it in staticValue(...).'
  if (typeof (x as { then?: unknown }).then === 'function') return 'Await it first.'
  if (ArrayBuffer.isView(x)) return 'Make a tensor of it: array(...).'
  if (x instanceof Map || x instanceof Set || x instanceof Date) return 'Use a plain object or array.'
  return 'Implement TreeNode (a method [flatten]), use a plain object, or wrap it in staticValue(...).'
}

/** The path and the two descriptions where two structures first differ. */
export function structureDifference(
  a: Structure,
  b: Structure,
  path: string,
): { readonly path: string; readonly a: string; readonly b: string } | null {
  if (
    a.kind === b.kind &&
    a.children.length === b.children.length &&
    a.keys.join() === b.keys.join() &&
    (a.children.length > 0 || a.key === b.key)
  ) {
    for (let i = 0; i < a.children.length; i++) {
      const at = a.kind === 'object' ? field(path, a.keys[i] as string) : `${path}[${i}]`
      const d = structureDifference(a.children[i] as Structure, b.children[i] as Structure, at)
      if (d !== null) return d
    }
    return a.value === b.value || a.key === b.key ? null : { path, a: summary(a), b: summary(b) }
  }
  return { path, a: summary(a), b: summary(b) }
}

function summary(s: Structure): string {
  switch (s.kind) {
    case 'leaf':
      return 'a tensor'
    case 'array':
      return `an array of ${s.children.length}`
    case 'object':
      return `an object with ${s.keys.length === 0 ? 'no fields' : s.keys.map(fieldName).join(', ')}`
    case 'node':
      return `a ${(s.value as { name: string }).name}`
    default:
      return s.key
  }
}

/** Throws a TreeError that names the place unless the structures are equal. */
export function checkSameStructure(where: string, expected: Structure, found: Structure, path: string): void {
  if (sameStructure(expected, found)) return
  const d = structureDifference(expected, found, path) ?? { path, a: expected.key, b: found.key }
  fail('TreeError', `${where}: trees differ at ${d.path}: expected ${d.a}, got ${d.b}.`)
}
