/**
 * Stable sort of rows: records of (ordered integer key, index), by insertion for short rows and by least-significant-digit radix sort (8 bits a
 * pass) for long ones; then every buffer is gathered by the index. A pass in which all keys share a digit is skipped.
 */
import { bytesOf, type DType, type Sort } from '@cotangent/core/kernel'
import { loops, sortCost } from '../tuning.ts'
import { F64, I32, type Local, WasmFunction } from '../wasm/assembler.ts'
import { address, BEGIN, END, type EmitContext, type Phase, phaseParams, SCRATCH } from './kernel.ts'
import { type KeyType, keyTypeOf, pushKey } from './sort-keys.ts'

export function emitSort(context: EmitContext, kernel: Sort): readonly Phase[] {
  const { rows, length } = kernel
  if (rows * length === 0) return []
  const f = new WasmFunction('sort', phaseParams)
  new SortEmitter(context, f, kernel).emit()
  context.module.add(f)
  const cost = rows * length * sortCost(length)
  return [{ run: f, tasks: tasksOf(kernel).tasks, cost }]
}

function tasksOf({ rows, length }: Sort): { readonly rowsPerTask: number; readonly tasks: number } {
  const rowsPerTask = Math.max(1, Math.round(loops.sortTask / length))
  return { rowsPerTask, tasks: Math.ceil(rows / rowsPerTask) }
}

class SortEmitter {
  private readonly f: WasmFunction
  private readonly context: EmitContext
  private readonly kernel: Sort
  private readonly dtype: DType
  private readonly keys: KeyType
  /** Element offset of the row. */
  private readonly row: Local
  /** Records: those that are in order so far, and the other half of the scratch memory. */
  private readonly records: Local
  private readonly other: Local
  private readonly histograms: Local
  private readonly i: Local
  private readonly at: Local
  private readonly key: Local
  private readonly bits: Local
  private readonly number: Local

  constructor(context: EmitContext, f: WasmFunction, kernel: Sort) {
    this.f = f
    this.context = context
    this.kernel = kernel
    this.dtype = this.dtypeOf(kernel.inputs[0] as number)
    this.keys = keyTypeOf(this.dtype)
    const local = (): Local => f.local(I32)
    this.row = local()
    this.records = local()
    this.other = local()
    this.histograms = local()
    this.i = local()
    this.at = local()
    this.key = f.local(this.keys.type)
    this.bits = f.local(this.keys.type)
    this.number = f.local(F64)
  }

  private dtypeOf(buffer: number): DType {
    return this.context.buffers[buffer]?.dtype as DType
  }
  private get recordBytes(): number {
    return 1 << this.keys.recordShift
  }

  emit(): void {
    const { f, kernel } = this
    const { rows, length } = kernel
    const { rowsPerTask } = tasksOf(kernel)
    const half = length * this.recordBytes
    const base = this.workspace(2 * half + this.keys.digits * 1024)
    const row = f.local(I32)
    const first = f.local(I32)
    const last = f.local(I32)
    f.get(BEGIN).i32(rowsPerTask).mul().set(first)
    f.get(END).i32(rowsPerTask).mul().set(last)
    f.get(last).i32(rows).op(0x4a) // i32.gt_s
    f.if(() => f.i32(rows).set(last))
    f.forRange(row, first, last, () => {
      base(row)
      f.tee(this.records).i32(half).add().tee(this.other).i32(half).add().set(this.histograms)
      f.get(row).i32(length).mul().set(this.row)
      if (length <= loops.insertion) this.insertion()
      else this.radix()
      this.gather()
    })
  }

  /**
   * Pushes the address of a row's working memory. A few long rows have theirs in shared memory: so much for each thread would be wasted
   * when there are more threads than rows.
   */
  private workspace(bytes: number): (row: Local) => void {
    const { f, context, kernel } = this
    if (kernel.rows > loops.fewRows || kernel.length <= loops.insertion) {
      context.needScratch(bytes)
      return () => f.get(SCRATCH)
    }
    const shared = context.needShared(bytes * kernel.rows)
    return row => address(f, shared).get(row).i32(bytes).mul().add()
  }

  /** `for (i = 0; i < n; i++)`. */
  private count(counter: Local, n: number, body: () => void): void {
    const { f } = this
    f.i32(0).set(counter)
    f.loop(() => {
      body()
      f.get(counter).i32(1).add().tee(counter).i32(n).op(0x48).brIf(0) // i32.lt_s
    })
  }

  /** Pushes the address of element `row + i` of a buffer. */
  private element(buffer: number, index: Local): void {
    const { f } = this
    address(f, buffer)
    f.get(this.row)
      .get(index)
      .add()
      .i32(bytesOf(this.dtypeOf(buffer)))
      .mul()
      .add()
  }
  /** Pushes the address of a record. */
  private record(base: Local, index: Local): void {
    this.f.get(base).get(index).i32(this.keys.recordShift).op(0x74).add() // i32.shl
  }
  private readKey(): void {
    this.element(this.kernel.inputs[0] as number, this.i)
    pushKey(this.f, this.dtype, this.bits, this.number)
    this.f.set(this.key)
  }
  /** Writes (key, index) to the record whose address is in a local. */
  private write(target: Local, index: Local): void {
    const { f, keys } = this
    f.get(target).get(this.key)
    keys.store(f, 0)
    f.get(target).get(index).i32Store(keys.index)
  }

  private insertion(): void {
    const { f, keys, at, i } = this
    const size = this.recordBytes
    this.count(i, this.kernel.length, () => {
      this.readKey()
      this.record(this.records, i)
      f.set(at)
      f.block(() => {
        f.loop(() => {
          f.get(at).get(this.records).op(0x4d).brIf(1) // i32.le_u
          f.get(at).i32(size).sub()
          keys.load(f, 0)
          f.get(this.key)
          keys.greater(f)
          f.op(0x45).brIf(1) // i32.eqz
          f.get(at).get(at).i32(size).sub()
          keys.load(f, 0)
          keys.store(f, 0)
          f.get(at).get(at).i32(size).sub().i32Load(keys.index).i32Store(keys.index)
          f.get(at).i32(size).sub().set(at).br(0)
        })
      })
      this.write(at, i)
    })
  }

  private radix(): void {
    const { f, keys, i, at } = this
    f.get(this.histograms)
      .i32(0)
      .i32(keys.digits * 1024)
      .op(0xfc, 11, 0) // memory.fill
    this.count(i, this.kernel.length, () => {
      this.readKey()
      this.record(this.records, i)
      f.set(at)
      this.write(at, i)
      for (let digit = 0; digit < keys.digits; digit++) {
        this.bucket(digit)
        f.set(at)
        f.get(at)
          .get(at)
          .i32Load(1024 * digit)
          .i32(1)
          .add()
          .i32Store(1024 * digit)
      }
    })
    for (let digit = 0; digit < keys.digits; digit++) this.pass(digit)
  }

  /** Pushes the address of the counter of the key's digit, less 1024 * digit. */
  private bucket(digit: number): void {
    this.keys.digit(this.f, this.key, digit)
    this.f.i32(2).op(0x74).get(this.histograms).add() // i32.shl
  }

  private pass(digit: number): void {
    const {
      f,
      keys,
      kernel: { length },
    } = this
    const swap = f.local(I32)
    f.get(this.records)
    keys.load(f, 0)
    f.set(this.key)
    this.bucket(digit)
    f.i32Load(1024 * digit)
      .i32(length)
      .op(0x47)
      .if(() => {
        // i32.ne: else every key has this digit
        this.startsOf(digit)
        this.distribute(digit)
        f.get(this.records).set(swap)
        f.get(this.other).set(this.records)
        f.get(swap).set(this.other)
      })
  }

  /** Counts become the addresses at which the buckets begin. */
  private startsOf(digit: number): void {
    const { f, keys, i, at } = this
    const next = f.local(I32),
      n = f.local(I32)
    f.get(this.other).set(next)
    this.count(i, 256, () => {
      f.get(this.histograms)
        .get(i)
        .i32(2)
        .op(0x74)
        .add()
        .tee(at)
        .i32Load(1024 * digit)
        .set(n)
      f.get(at)
        .get(next)
        .i32Store(1024 * digit)
      f.get(next).get(n).i32(keys.recordShift).op(0x74).add().set(next)
    })
  }

  private distribute(digit: number): void {
    const { f, keys, i, at } = this
    const from = f.local(I32),
      slot = f.local(I32),
      index = f.local(I32)
    f.get(this.records).set(from)
    this.count(i, this.kernel.length, () => {
      f.get(from)
      keys.load(f, 0)
      f.set(this.key)
      f.get(from).i32Load(keys.index).set(index)
      this.bucket(digit)
      f.tee(slot)
        .i32Load(1024 * digit)
        .set(at)
      f.get(slot)
        .get(at)
        .i32(this.recordBytes)
        .add()
        .i32Store(1024 * digit)
      this.write(at, index)
      f.bump(from, this.recordBytes)
    })
  }

  private gather(): void {
    const { f, keys, i, at, kernel } = this
    this.count(i, kernel.length, () => {
      this.record(this.records, i)
      f.i32Load(keys.index).set(at)
      kernel.inputs.forEach((input, k) => {
        this.element(kernel.outputs[k] as number, i)
        this.element(input, at)
        if (bytesOf(this.dtypeOf(input)) === 8)
          f.load(0x29, 0, 3).load(0x37, 0, 3) // i64.load, i64.store
        else f.i32Load().i32Store()
      })
    })
  }
}
