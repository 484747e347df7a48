/** Einstein's summation: products of tensors summed over named axes, as a chain of pairwise contractions. */
import { fail, described } from '../errors.ts'
import { multiply } from '../primitives/arithmetic.ts'
import { astype, promoteOperands } from '../primitives/cast.ts'
import { notEqual } from '../primitives/comparison.ts'
import { contractP } from '../primitives/contract.ts'
import { gatherP } from '../primitives/gather.ts'
import { iota } from '../primitives/iota.ts'
import { sum } from '../primitives/reduce.ts'
import { reshape, squeeze } from '../primitives/reshape.ts'
import { transpose } from '../primitives/transpose.ts'
import { bind1 } from '../program/bind.ts'
import { showShape } from '../shape.ts'
import type { Tensor, TensorLike } from '../tensor.ts'

/** A tensor with a label for each axis. Axes under an ellipsis have the labels '0', '1', ... from the right. */
interface Labelled {
  readonly tensor: Tensor
  readonly labels: readonly string[]
}
type Sizes = ReadonlyMap<string, number>

/**
 * Sums of products over labelled axes: labels that are missing on the right are summed over, a label twice in one operand takes the diagonal, `...`
 * stands for any leading axes, which broadcast. Without `->` the result has the labels that occur once, in alphabetical order. NumPy: `einsum`.
 *
 * @example einsum('bik,bkj->bij', x, y) // a batch of matrix products
 */
export function einsum(subscripts: string, ...operands: readonly TensorLike[]): Tensor {
  const tensors = promoteOperands('einsum', ...operands)
  const isBool = tensors[0]?.dtype === 'bool'
  const { terms, output } = parse(subscripts, isBool ? tensors.map(t => astype(t, 'int32')) : tensors)
  const sizes = sizesOf(subscripts, terms)
  for (const label of output) if (!sizes.has(label)) fail('ValueError', `einsum: '${subscripts}': output label ${label} is in no operand.`)
  const out = contractAll(
    terms.map(t => dropOnes(diagonals(t), sizes)),
    output,
  )
  const missing = output.filter(label => !out.labels.includes(label))
  if (missing.length > 0) fail('InternalError', `einsum lost the labels ${missing.join()}`)
  const result = arrange(out, output)
  return isBool ? notEqual(result, 0) : result
}

function parse(
  subscripts: string,
  tensors: readonly Tensor[],
): { readonly terms: readonly Labelled[]; readonly output: readonly string[] } {
  if (typeof subscripts !== 'string')
    fail('ValueError', `einsum: subscripts are a string such as 'ij,jk->ik', got ${described(subscripts)}.`)
  const bad = (what: string): never => fail('ValueError', `einsum: '${subscripts}': ${what}`)
  const [left = '', right, ...more] = subscripts.replaceAll(' ', '').split('->')
  const inputs = left.split(',')
  if (more.length > 0) bad('there is more than one ->.')
  if (inputs.length !== tensors.length) bad(`${inputs.length} terms for ${tensors.length} operands.`)
  const terms = tensors.map((tensor, i) => ({ tensor, labels: expand(inputs[i] as string, tensor.ndim, bad) }))
  const ellipsis = [...new Set(terms.flatMap(t => t.labels.filter(isEllipsis)))].sort((a, b) => Number(b) - Number(a))
  const all = terms.flatMap(t => t.labels)
  const implicit = [...new Set(all)].filter(c => !isEllipsis(c) && all.indexOf(c) === all.lastIndexOf(c)).sort()
  const output = right === undefined ? [...ellipsis, ...implicit] : expand(right, right.replace('...', '').length + ellipsis.length, bad)
  if (new Set(output).size !== output.length) bad('an output label is repeated.')
  return { terms, output }
}

const isEllipsis = (label: string): boolean => /\d/.test(label)

/** The labels of one term; those under the ellipsis count from the right, so that they broadcast. */
function expand(term: string, ndim: number, bad: (what: string) => never): string[] {
  const parts = term.split('...'),
    named = Array.from(parts.join(''))
  if (parts.length > 2 || named.some(c => !/[A-Za-z]/.test(c))) bad(`the term '${term}' may hold letters and one ellipsis.`)
  const hidden = ndim - named.length
  if (parts.length === 1 && term.length !== ndim && hidden !== 0)
    bad(`the term '${term}' names ${named.length} axes of an operand that has ${ndim}.`)
  if (hidden < 0) bad(`the term '${term}' names ${named.length} axes of an operand that has ${ndim}.`)
  const under = parts.length === 1 ? [] : Array.from({ length: hidden }, (_, k) => String(hidden - 1 - k))
  return [...Array.from(parts[0] as string), ...under, ...Array.from(parts[1] ?? '')]
}

function sizesOf(subscripts: string, terms: readonly Labelled[]): Sizes {
  const sizes = new Map<string, number>()
  for (const { tensor, labels } of terms)
    labels.forEach((label, k) => {
      const n = tensor.shape[k] as number,
        old = sizes.get(label)
      if (old !== undefined && old !== n && old !== 1 && n !== 1)
        fail(
          'ShapeError',
          `einsum: '${subscripts}': label ${isEllipsis(label) ? '...' : label} has sizes ${old} and ${n}: shapes ${terms.map(t => showShape(t.tensor.shape)).join(', ')}.`,
        )
      sizes.set(label, old === undefined || old === 1 ? n : old)
    })
  return sizes
}

/** Takes the diagonal of axes with one label, at the place of the first. */
function diagonals({ tensor, labels }: Labelled): Labelled {
  const second = labels.findIndex((label, k) => labels.indexOf(label) !== k)
  if (second < 0) return { tensor, labels }
  const axis = labels.indexOf(labels[second] as string),
    n = tensor.shape[axis] as number
  if (tensor.shape[second] !== n)
    fail(
      'ShapeError',
      `einsum: label ${labels[axis]} is repeated on axes of sizes ${n} and ${tensor.shape[second]} of shape ${showShape(tensor.shape)}.`,
    )
  // x[i, ..., i]: the second axis is indexed by the position along the first.
  const diagonal = bind1(gatherP, [tensor, iota([n])], { axes: [second], paired: [[axis, 0]], mode: 'clip', negative: false, fillValue: 0 })
  return diagonals({ tensor: diagonal, labels: [labels[axis] as string, ...labels.filter((_, k) => k !== axis && k !== second)] })
}

/** Axes of size 1 that broadcast against other operands are left out: the others have the label. */
function dropOnes({ tensor, labels }: Labelled, sizes: Sizes): Labelled {
  const ones = labels.flatMap((label, k) => (tensor.shape[k] === 1 && sizes.get(label) !== 1 ? [k] : []))
  return ones.length === 0
    ? { tensor, labels }
    : { tensor: squeeze(tensor, { axis: ones }), labels: labels.filter((_, k) => !ones.includes(k)) }
}

/** Contracts the pair with the smallest result until one operand is left. */
function contractAll(given: readonly Labelled[], output: readonly string[]): Labelled {
  let terms = given.map((t, i) =>
    sumOut(
      t,
      neededBy(
        given.filter((_, k) => k !== i),
        output,
      ),
    ),
  )
  while (terms.length > 1) {
    let best = { cost: Infinity, i: 0, j: 1 }
    for (let i = 0; i < terms.length; i++)
      for (let j = i + 1; j < terms.length; j++) {
        const cost = resultSize(terms[i] as Labelled, terms[j] as Labelled, neededBy(others(terms, i, j), output))
        if (cost < best.cost) best = { cost, i, j }
      }
    const rest = others(terms, best.i, best.j)
    terms = [...rest, contractPair(terms[best.i] as Labelled, terms[best.j] as Labelled, neededBy(rest, output))]
  }
  return sumOut(terms[0] as Labelled, new Set(output))
}

const others = (terms: readonly Labelled[], i: number, j: number): Labelled[] => terms.filter((_, k) => k !== i && k !== j)
const neededBy = (terms: readonly Labelled[], output: readonly string[]): ReadonlySet<string> =>
  new Set([...output, ...terms.flatMap(t => t.labels)])

function resultSize(a: Labelled, b: Labelled, needed: ReadonlySet<string>): number {
  const sizes = new Map([a, b].flatMap(t => t.labels.map((label, k) => [label, t.tensor.shape[k] as number] as const)))
  return [...sizes].reduce((size, [label, n]) => (needed.has(label) ? size * n : size), 1)
}

function sumOut({ tensor, labels }: Labelled, needed: ReadonlySet<string>): Labelled {
  const axis = labels.flatMap((label, k) => (needed.has(label) ? [] : [k]))
  return axis.length === 0 ? { tensor, labels } : { tensor: sum(tensor, { axis }), labels: labels.filter(label => needed.has(label)) }
}

function contractPair(a: Labelled, b: Labelled, needed: ReadonlySet<string>): Labelled {
  const shared = a.labels.filter(label => b.labels.includes(label))
  const summed = shared.filter(label => !needed.has(label)),
    batch = shared.filter(label => needed.has(label))
  if (summed.length === 0) return multiplyPair(a, b)
  const axes = (t: Labelled, list: readonly string[]): number[] => list.map(label => t.labels.indexOf(label))
  const tensor = bind1(contractP, [a.tensor, b.tensor], {
    lhsContracting: axes(a, summed),
    rhsContracting: axes(b, summed),
    lhsBatch: axes(a, batch),
    rhsBatch: axes(b, batch),
  })
  const free = (t: Labelled): string[] => t.labels.filter(label => !shared.includes(label))
  return { tensor, labels: [...batch, ...free(a), ...free(b)] }
}

/** A product without a sum: elementwise, with broadcasting. */
function multiplyPair(a: Labelled, b: Labelled): Labelled {
  const labels = [...a.labels, ...b.labels.filter(label => !a.labels.includes(label))]
  const align = (t: Labelled): Tensor => {
    const own = labels.filter(label => t.labels.includes(label))
    return reshape(
      arrange(t, own),
      labels.map(label => (t.labels.includes(label) ? (t.tensor.shape[t.labels.indexOf(label)] as number) : 1)),
    )
  }
  return { tensor: multiply(align(a), align(b)), labels }
}

const arrange = ({ tensor, labels }: Labelled, order: readonly string[]): Tensor =>
  transpose(
    tensor,
    order.map(label => labels.indexOf(label)),
  )
