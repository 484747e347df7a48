/**
 * A training run as bytes: a safetensors file (any tool that reads those shows the parameters) whose metadata have the position, and a checksum over all of it.
 */
import { fail } from '@cotangent/core/extend'
import { encodeTree, treeFrom } from '../data/parameters.ts'
import { decodeSafetensors } from '../data/safetensors.ts'
import type { CheckpointStore, Position } from './events.ts'
import type { Means } from './means.ts'
import { xxHash32 } from './xxhash.ts'

/** What a run knows besides its state; plain data. */
export interface Memory extends Position {
  /** Means since the last report, and of the epoch so far. */
  readonly recent: Means
  readonly whole: Means
  /** Of the stop rule. */
  readonly rule: unknown
  readonly isStopped: boolean
}
export interface Saved<T> {
  readonly state: T
  readonly best: T | null
  readonly memory: Memory
}

const FORMAT = 'cotangent checkpoint 1'
const CHECKSUM = '"checksum":"'
const NO_CHECKSUM = '00000000'

/** Names of the leaves are their paths: `state.params[1].kernel`. */
export async function writeCheckpoint<T>(store: CheckpointStore, { state, best, memory }: Saved<T>): Promise<void> {
  const saved = best === null ? { state } : { state, best }
  const bytes = await encodeTree(saved, { format: FORMAT, checksum: NO_CHECKSUM, run: encodeMemory(memory) })
  bytes.set(new TextEncoder().encode(xxHash32(bytes).toString(16).padStart(8, '0')), checksumAt(bytes))
  await store.write(bytes)
}

/** The run in the store, null if there is none. `like` has the structure and the shapes of its state. */
export async function readCheckpoint<T>(store: CheckpointStore, like: T): Promise<Saved<T> | null> {
  const bytes = await store.read()
  if (bytes === null) return null
  const refuse = (why: string): never =>
    fail('ValueError', `${store.name}: ${why}. Choose another file, move it away, or pass { resume: false } to overwrite it.`)
  const { tensors, metadata } = decodeSafetensors(bytes, store.name)
  if (metadata['format'] !== FORMAT) refuse('is no checkpoint of a training run')
  if (metadata['checksum'] !== checksumOf(bytes)) refuse('is damaged: its checksum is wrong')
  const hasBest = Object.keys(tensors).some(name => name === 'best' || /^best[.[]/.test(name))
  const saved: { readonly state: T; readonly best?: T } = hasBest ? { state: like, best: like } : { state: like }
  const { state, best = null } = treeFrom(tensors, saved, refuse)
  return { state, best, memory: decodeMemory(metadata['run'] ?? '') }
}

function checksumAt(bytes: Uint8Array): number {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  // Bytes, not characters: what comes before it in the header is plain.
  return 8 + new TextDecoder('latin1').decode(bytes.subarray(8, 8 + length)).indexOf(CHECKSUM) + CHECKSUM.length
}

function checksumOf(bytes: Uint8Array): string {
  const blank = new Uint8Array(bytes)
  blank.set(new TextEncoder().encode(NO_CHECKSUM), checksumAt(bytes))
  return xxHash32(blank).toString(16).padStart(8, '0')
}

/** JSON has no NaN and infinities. */
const encodeMemory = (memory: Memory): string =>
  JSON.stringify(memory, (_key, v: unknown) => (typeof v === 'number' && !Number.isFinite(v) ? { number: String(v) } : v))
const decodeMemory = (text: string): Memory =>
  JSON.parse(text, (_key, v: unknown) =>
    typeof v === 'object' && v !== null && Object.keys(v).join() === 'number' && typeof (v as { number: unknown }).number === 'string'
      ? Number((v as { number: string }).number)
      : v,
  ) as Memory
