/**
 * Parameters in a file, in the safetensors layout (https://github.com/huggingface/safetensors): eight bytes with the length of a JSON header, the
 * header `{ name: { dtype, shape, data_offsets } }`, then the numbers, little-endian. Names are the paths in the tree.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { CotangentError, type Tensor, array, tree } from '@cotangent/core'

interface Entry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

/** Writes a tree of float32 tensors; the file appears whole or not at all. */
export async function saveParameters(path: string, params: unknown): Promise<void> {
  const leaves = tree.leaves(params), names = tree.paths(params)
  const parts = await Promise.all(leaves.map(async t => Buffer.from(((await t.data()) as Float32Array).slice().buffer)))
  let end = 0
  const header = JSON.stringify(Object.fromEntries(leaves.map((t, i): [string, Entry] => {
    const start = end
    end += (parts[i] as Buffer).length
    return [names[i] as string, { dtype: 'F32', shape: t.shape, data_offsets: [start, end] }]
  })))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
  await writeFile(`${path}.part`, Buffer.concat([length, Buffer.from(header), ...parts]))
  await rename(`${path}.part`, path)
}

/**
 * Reads parameters for the same model: `like` gives the tree, the names and the shapes.
 * @throws ValueError when the file is damaged or belongs to another model.
 */
export async function loadParameters<P>(path: string, like: P): Promise<P> {
  const file = await readFile(path)
  const refuse = (why: string): never => { throw new CotangentError('ValueError', `${path}: ${why}. It is damaged, or belongs to another model.`) }
  const size = file.length < 8 ? 0 : Number(file.readBigUInt64LE())
  if (size === 0 || 8 + size > file.length) refuse('is no parameter file')
  const header = parseHeader(file.toString('utf8', 8, 8 + size)) ?? refuse('has no readable header')
  const names = tree.paths(like)
  let at = 0
  return tree.map((t: Tensor) => {
    const name = names[at++] as string, e = header[name]
    if (e === undefined) return refuse(`has no ${name}`)
    if (e.dtype !== 'F32' || e.shape.join() !== t.shape.join()) refuse(`has ${e.dtype}[${e.shape.join()}] for ${name}, not F32[${t.shape.join()}]`)
    const [start, end] = e.data_offsets
    if (end - start !== 4 * t.size || 8 + size + end > file.length) refuse(`is cut short in ${name}`)
    const bytes = new Uint8Array(file.subarray(8 + size + start, 8 + size + end))
    return array(new Float32Array(bytes.buffer), { shape: t.shape })
  }, like)
}

function parseHeader(text: string): Readonly<Record<string, Entry>> | null {
  try {
    return JSON.parse(text) as Readonly<Record<string, Entry>>
  } catch {
    return null
  }
}
