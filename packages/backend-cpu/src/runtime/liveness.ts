/**
 * Which handles are still reachable, found inside one synchronous task. Finalizers do not run there and `WeakRef`s keep their targets until
 * the task ends, so in a loop without a pause nothing would ever be freed. Node offers two ways to see more after a garbage collection:
 *
 * - `util.inspect` of a WeakSet with `showHidden` lists exactly its live members (https://nodejs.org/api/util.html#utilinspectobject-options);
 *   members say by their own inspection method that they were seen;
 * - running a script in a context with its own microtask queue ends the period for which V8 keeps WeakRef targets.
 *
 * The second bends a promise that ECMAScript makes to other users of WeakRef, so it is only used where the first does not work.
 */
import { CpuBuffer } from './buffer.ts'
import { nodeBuiltin } from './environment.ts'

export interface Liveness {
  watch(buffer: CpuBuffer): void
  /** Collects garbage, then sets `lease.alive` of every live handle that is watched. `leases` are those in question. */
  mark(leases: Iterable<CpuBuffer['lease']>): void
  /**
   * The same for handles watched since the last `mark` or `markYoung` only, by a collection of young objects only: 0.1 milliseconds
   * instead of several, and most handles die young. Absent where it would find nothing.
   */
  markYoung?(): void
}

type Util = typeof import('node:util')

/** Undefined where the engine has no such means (browsers): then memory is moved out instead. `inspect` false: only the second way. */
export function findLiveness({ inspect = true }: { readonly inspect?: boolean } = {}): Liveness | undefined {
  const collect = garbageCollector()
  if (collect === undefined) return undefined
  const util = nodeBuiltin<Util>('util')
  if (inspect && util !== undefined && listsMembers(util)) return byInspection(util, collect)
  const clear = microtaskCheckpoint()
  return clear === undefined ? undefined : byWeakReference(clear, collect)
}

type Collector = (options?: { readonly type: 'major' | 'minor' }) => void

/** A function that runs a full garbage collection: `gc` if the process was started with it, else V8's, taken from a fresh context. */
function garbageCollector(): Collector | undefined {
  const own = (globalThis as { gc?: Collector }).gc
  if (typeof own === 'function') return own
  const v8 = nodeBuiltin<typeof import('node:v8')>('v8'),
    vm = nodeBuiltin<typeof import('node:vm')>('vm')
  if (v8 === undefined || vm === undefined) return undefined
  try {
    v8.setFlagsFromString('--expose_gc')
    const gc: unknown = vm.runInNewContext('typeof gc === "function" ? gc : undefined')
    v8.setFlagsFromString('--no-expose_gc')
    return typeof gc === 'function' ? (gc as Collector) : undefined
  } catch {
    return undefined
  }
}

/** `depth` reaches the members of a set inside nothing; the rest says: all members, hidden ones too, through their own method. */
const listing = { showHidden: true, depth: 2, maxArrayLength: Infinity, customInspect: true, colors: false, compact: 3 } as const

function listsMembers(util: Util): boolean {
  let seen = 0
  const member = {
    [util.inspect.custom]: () => {
      seen++
      return ''
    },
  }
  util.inspect(new WeakSet([member]), listing)
  return seen === 1
}

function byInspection(util: Util, collect: Collector): Liveness {
  const old = new WeakSet<CpuBuffer>()
  let young = new WeakSet<CpuBuffer>()
  /** Marks the live members of the young set and makes them old. */
  const promote = (): void => {
    const survivors: CpuBuffer[] = []
    CpuBuffer.witness(
      b => survivors.push(b),
      () => void util.inspect(young, listing),
    )
    for (const b of survivors) {
      b.lease.alive = true
      old.add(b)
    }
    young = new WeakSet()
  }
  return {
    watch: buffer => void young.add(buffer),
    mark() {
      collect({ type: 'major' })
      promote()
      CpuBuffer.witness(
        b => void (b.lease.alive = true),
        () => void util.inspect(old, listing),
      )
    },
    markYoung() {
      collect({ type: 'minor' })
      promote()
    },
  }
}

function microtaskCheckpoint(): (() => void) | undefined {
  const vm = nodeBuiltin<typeof import('node:vm')>('vm')
  if (vm === undefined) return undefined
  const context = vm.createContext({}, { microtaskMode: 'afterEvaluate' }),
    script = new vm.Script('0')
  return () => void script.runInContext(context)
}

function byWeakReference(clear: () => void, collect: Collector): Liveness {
  return {
    watch: buffer => void (buffer.lease.reference = new WeakRef(buffer)),
    mark(leases) {
      clear()
      collect({ type: 'major' })
      for (const lease of leases) lease.alive = lease.reference?.deref() !== undefined
      clear()
    },
  }
}
