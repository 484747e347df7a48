/** Node lists as expressions: a node that is used once is written where it is used, others get a name and a line. */
import { type DType, shortDType } from '../../dtype.ts'
import type { InstructionName } from '../instructions.ts'
import type { Node, NodeId } from '../kernel.ts'
import { operandsOf } from '../rewrite.ts'
import { printAffine, printGuards, printLoad } from './address.ts'

const infix: Partial<Record<InstructionName, readonly [symbol: string, binds: number]>> = {
  or: ['|', 1],
  xor: ['^', 2],
  and: ['&', 3],
  eq: ['==', 4],
  ne: ['!=', 4],
  lt: ['<', 5],
  le: ['<=', 5],
  gt: ['>', 5],
  ge: ['>=', 5],
  shiftLeft: ['<<', 6],
  shiftRightArithmetic: ['>>', 6],
  shiftRightLogical: ['>>>', 6],
  add: ['+', 7],
  sub: ['-', 7],
  mul: ['*', 8],
  div: ['/', 8],
  rem: ['%', 8],
}
const prefix = 8,
  tightest = 9
/** Longer expressions are given a name. */
const longest = 90

export interface Expressions {
  /** One `name = expression` a named node. */
  readonly lines: readonly string[]
  /** The name or expression of a node; as an operand, in parentheses if need be. */
  readonly of: (id: NodeId, as?: 'operand') => string
}

interface Text {
  readonly text: string
  /** How tightly the outermost operator binds. */
  readonly binds: number
}

/** `roots`: the nodes that are used outside the list. Names are `letter` and the node's number. */
export function printNodes(nodes: readonly Node[], roots: readonly NodeId[], extents: readonly number[], letter: string): Expressions {
  const uses = nodes.map(() => 0)
  for (const id of [...roots, ...neededFor(nodes, roots).flatMap(n => operandsOf(n))]) uses[id] = (uses[id] ?? 0) + 1
  const texts: Text[] = []
  const at = (id: NodeId, binds: number): string => enclose(texts[id] ?? { text: `undefined node ${id}`, binds: 0 }, binds)
  const lines: string[] = []
  nodes.forEach((node, id) => {
    const written = printNode(node, extents, at)
    const trivial = node.op === 'const' || node.op === 'reduced'
    const named = (uses[id] as number) > 0 && !trivial && ((uses[id] as number) > 1 || written.text.length > longest)
    if (named) lines.push(`${letter}${id} = ${written.text}`)
    texts.push(named ? { text: `${letter}${id}`, binds: tightest } : written)
  })
  return { lines, of: (id, as) => at(id, as === 'operand' ? tightest : 0) }
}

/** The nodes that the roots depend on. */
function neededFor(nodes: readonly Node[], roots: readonly NodeId[]): Node[] {
  const needed = new Set(roots)
  for (let id = nodes.length - 1; id >= 0; id--) if (needed.has(id)) for (const a of operandsOf(nodes[id] as Node)) needed.add(a)
  return nodes.filter((_, id) => needed.has(id))
}

const enclose = ({ text, binds }: Text, needed: number): string => (binds < needed ? `(${text})` : text)

function printNode(node: Node, extents: readonly number[], operand: (id: NodeId, binds: number) => string): Text {
  const atom = (text: string): Text => ({ text, binds: tightest })
  switch (node.op) {
    case 'load':
      return atom(printLoad(node, extents, id => operand(id, tightest)))
    case 'const': {
      const text = printConstant(node.value, node.dtype)
      return { text, binds: text.startsWith('-') ? prefix : tightest }
    }
    case 'iota':
      return atom(`${shortDType[node.dtype]}(${printAffine(node.map)})`)
    case 'inside':
      return { text: printGuards(node.guards, extents), binds: 0 }
    case 'reduced':
      return atom(`r${node.index}`)
    case 'cast':
      return atom(`${shortDType[node.dtype]}(${operand(node.args[0] as NodeId, 0)})`)
    case 'select': {
      const [p, a, b] = node.args.map(id => operand(id, 1)) as [string, string, string]
      return { text: `${p} ? ${a} : ${b}`, binds: 0 }
    }
    case 'neg':
      return { text: `-${operand(node.args[0] as NodeId, tightest)}`, binds: prefix }
    default:
      return printInstruction(node, operand)
  }
}

function printInstruction(
  { op, dtype, args }: Extract<Node, { args: readonly NodeId[] }>,
  operand: (id: NodeId, binds: number) => string,
): Text {
  const [symbol, binds] = infix[op] ?? [undefined, tightest]
  if (symbol !== undefined)
    return { text: `${operand(args[0] as NodeId, binds)} ${symbol} ${operand(args[1] as NodeId, binds + 1)}`, binds }
  const name = op === 'bitcast' ? `bitcast:${shortDType[dtype]}` : op
  return { text: `${name}(${args.map(a => operand(a, 0)).join(', ')})`, binds: tightest }
}

/** The shortest decimal that gives the constant back in its dtype. */
export function printConstant(value: number, dtype: DType): string {
  if (dtype === 'bool') return value === 0 ? 'false' : 'true'
  if (Object.is(value, -0)) return '-0'
  if (dtype !== 'float32' || !Number.isFinite(value)) return String(value)
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return String(short)
  }
  return String(Number(value.toPrecision(9)))
}
