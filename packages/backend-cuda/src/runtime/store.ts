/** Tensors' memory: core's store of cells over blocks of device memory. */
import {
  type Cell,
  type CellBuffer,
  type CellDevice,
  CellStore,
  type DType,
  fromStored,
  hostArray,
  storedView,
  toStored,
  type TypedArray,
} from '@cotangent/core/kernel'
import { bytesOnDevice } from '../language/types.ts'
import type { Block } from './allocator.ts'
import { type DeviceMemory, showBytes } from './memory.ts'
import type { Session } from './session.ts'

export type CudaCell = Cell<Block>
export type CudaBuffer = CellBuffer<Block>
export type Store = CellStore<Block>

export function createStore(session: Session, memory: () => DeviceMemory): Store {
  const device: CellDevice<Block> = {
    name: 'cuda',
    bytesOf: bytesOnDevice,
    take: (dtype, size) => memory().take(size * bytesOnDevice(dtype)),
    give: block => memory().give(block),
    read: parts => parts.map(({ memory: block, dtype, size }) => readElements(session, block.address, dtype, size)),
    write: (block, data, dtype) => session.write(block.address, toStored(data, dtype)),
  }
  return new CellStore(device)
}

/** Waits for the device. */
export const readElements = (session: Session, address: number, dtype: DType, size: number): TypedArray =>
  fromStored(session.readSync(address, storedView(dtype, new ArrayBuffer(size * bytesOnDevice(dtype)), 0, size)), dtype)

/** Without blocking the thread. What is ordered later does not change the result. */
export async function readCell(session: Session, { dtype, size, memory, host }: CudaCell): Promise<TypedArray> {
  if (host !== undefined) return session.call(() => host.slice())
  if (memory === undefined) return hostArray(dtype, 0)
  return arrayOf(dtype, await session.read(memory.address, size * bytesOnDevice(dtype)))
}

const arrayOf = (dtype: DType, bytes: ArrayBuffer): TypedArray =>
  fromStored(storedView(dtype, bytes, 0, bytes.byteLength / bytesOnDevice(dtype)), dtype)

/** Kinds of tensors that a message names. */
const mostKinds = 5

/** The largest live tensors by dtype and size: `The largest: 3 of float32[1048576] (12.0 MiB), ...`. */
export function describeLargest(cells: Iterable<CudaCell>): string {
  const kinds = new Map<string, { count: number; bytes: number }>()
  for (const { dtype, size, memory } of cells) {
    const name = `${dtype}[${size}]`,
      kind = kinds.get(name) ?? { count: 0, bytes: 0 }
    kinds.set(name, { count: kind.count + 1, bytes: kind.bytes + (memory?.bytes ?? 0) })
  }
  const largest = [...kinds].sort(([, a], [, b]) => b.bytes - a.bytes).slice(0, mostKinds)
  if (largest.length === 0) return ''
  return `The largest live tensors: ${largest.map(([name, { count, bytes }]) => `${count} of ${name} (${showBytes(bytes)})`).join(', ')}. `
}
