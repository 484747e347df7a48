/**
 * Parameters in a file, in the safetensors layout (https://github.com/huggingface/safetensors): eight bytes with the length of a JSON header, the
 * header `{ name: { dtype, shape, data_offsets } }`, then the numbers, little-endian. Names are the paths in the tree.
 */
import { CotangentError, type Tensor, array, tree } from '@cotangent/core'
import type { Files } from './host/host.ts'

interface Entry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

/** @throws ValueError when no file can be written there: better known before the training than after it. */
export const checkWritable = (files: Files, path: string): Promise<void> =>
  files.checkWritable(path).catch((cause: unknown) => cannotWrite(path, cause))
function cannotWrite(path: string, cause: unknown): never {
  throw new CotangentError(
    'ValueError',
    `${path}: cannot be written (${reasonOf(cause)}). Choose a file in a folder that exists and is yours.`,
    { cause },
  )
}

/**
 * Writes a tree of float32 tensors; the file appears whole or not at all.
 * @throws ValueError when it cannot be written, or a tensor has another dtype.
 */
export async function saveParameters(files: Files, path: string, params: unknown): Promise<void> {
  const leaves = tree.leaves(params),
    names = tree.paths(params)
  const other = leaves.findIndex(t => t.dtype !== 'float32')
  if (other >= 0) throw new CotangentError('ValueError', `${path}: ${names[other]} is ${leaves[other]?.dtype}; only float32 can be saved.`)
  const parts = await Promise.all(leaves.map(async t => new Uint8Array(((await t.data()) as Float32Array).slice().buffer)))
  let end = 0
  const text = JSON.stringify(
    Object.fromEntries(
      leaves.map((t, i): [string, Entry] => {
        const start = end
        end += (parts[i] as Uint8Array).length
        return [names[i] as string, { dtype: 'F32', shape: t.shape, data_offsets: [start, end] }]
      }),
    ),
  )
  // Spaces at its end align the numbers.
  const header = new TextEncoder().encode(text)
  const size = header.length + ((8 - (header.length % 8)) % 8),
    bytes = new Uint8Array(8 + size + end).fill(0x20, 8, 8 + size)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size), true)
  bytes.set(header, 8)
  let at = 8 + size
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  await files.writeFile(path, bytes).catch((cause: unknown) => cannotWrite(path, cause))
}

/**
 * Reads parameters for the same model: `like` gives the tree, the names and the shapes.
 * @throws ValueError with the path when the file is missing, damaged or belongs to another model.
 */
export async function loadParameters<P>(files: Files, path: string, like: P): Promise<P> {
  const file = await files.readFile(path).catch((cause: unknown) => {
    throw new CotangentError('ValueError', `${path}: cannot be read (${reasonOf(cause)}). Train and save first.`, { cause })
  })
  const refuse = (why: string): never => {
    throw new CotangentError('ValueError', `${path}: ${why}. It is damaged, or belongs to another model.`)
  }
  const size = file.length < 8 ? 0 : Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  if (size === 0 || 8 + size > file.length) refuse('is no parameter file')
  const header = parseHeader(new TextDecoder().decode(file.subarray(8, 8 + size))) ?? refuse('has no readable header')
  const names = tree.paths(like)
  const extra = Object.keys(header).find(name => name !== '__metadata__' && !names.includes(name))
  if (extra !== undefined) refuse(`has ${extra}, which the model has not`)
  let at = 0
  return tree.map((t: Tensor) => {
    const name = names[at++] as string,
      e = header[name]
    if (e === undefined) return refuse(`has no ${name}`)
    if (e.dtype !== 'F32' || e.shape.join() !== t.shape.join())
      refuse(`has ${e.dtype}[${e.shape.join()}] for ${name}, not F32[${t.shape.join()}]`)
    const [start, end] = e.data_offsets
    if (start < 0 || end - start !== 4 * t.size || 8 + size + end > file.length) refuse(`is cut short in ${name}`)
    const bytes = new Uint8Array(file.subarray(8 + size + start, 8 + size + end))
    return array(new Float32Array(bytes.buffer), { shape: t.shape })
  }, like)
}

/** `ENOENT: no such file or directory`, without the path. */
const reasonOf = (cause: unknown): string => (cause instanceof Error ? (cause.message.split(',')[0] as string) : String(cause))

function parseHeader(text: string): Readonly<Record<string, Entry>> | null {
  try {
    const header: unknown = JSON.parse(text)
    return isRecord(header) && Object.entries(header).every(([name, e]) => name === '__metadata__' || isEntry(e))
      ? (header as Readonly<Record<string, Entry>>)
      : null
  } catch {
    return null
  }
}
const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null && !Array.isArray(x)
const isIntegers = (x: unknown): x is readonly number[] => Array.isArray(x) && x.every(n => Number.isSafeInteger(n))
const isEntry = (e: unknown): e is Entry =>
  isRecord(e) && typeof e['dtype'] === 'string' && isIntegers(e['shape']) && isIntegers(e['data_offsets']) && e['data_offsets'].length === 2
