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
import type { CpuBuffer } from './buffer.ts'
import { nodeBuiltin } from './environment.ts'

export interface Liveness {
  readonly name: 'inspect' | 'weakref'
  watch(buffer: CpuBuffer): void
  /** Collects garbage, then sets `lease.alive` of every live handle that is watched. `leases` are those in question. */
  mark(leases: Iterable<CpuBuffer['lease']>): void
}

type Util = typeof import('node:util')

/** Undefined where the engine has no such means (browsers): then memory is moved out instead. */
export function findLiveness(): Liveness | undefined {
  const collect = garbageCollector()
  if (collect === undefined) return undefined
  const util = nodeBuiltin<Util>('util')
  if (util !== undefined && listsMembers(util)) return byInspection(util, collect)
  const clear = microtaskCheckpoint()
  return clear === undefined ? undefined : byWeakReference(clear, collect)
}

/** A function that runs a full garbage collection: `gc` if the process was started with it, else V8's, taken from a fresh context. */
function garbageCollector(): (() => void) | undefined {
  const own = (globalThis as { gc?: () => void }).gc
  if (typeof own === 'function') return own
  const v8 = nodeBuiltin<typeof import('node:v8')>('v8'), vm = nodeBuiltin<typeof import('node:vm')>('vm')
  if (v8 === undefined || vm === undefined) return undefined
  try {
    v8.setFlagsFromString('--expose_gc')
    const gc: unknown = vm.runInNewContext('typeof gc === "function" ? gc : undefined')
    v8.setFlagsFromString('--no-expose_gc')
    return typeof gc === 'function' ? (gc as () => void) : undefined
  } catch {
    return undefined
  }
}

/** `depth` reaches the members of a set inside nothing; the rest says: all members, hidden ones too, through their own method. */
const listing = { showHidden: true, depth: 2, maxArrayLength: Infinity, customInspect: true, colors: false, compact: 3 } as const

function listsMembers(util: Util): boolean {
  let seen = 0
  const member = { [util.inspect.custom]: () => { seen++; return '' } }
  util.inspect(new WeakSet([member]), listing)
  return seen === 1
}

function byInspection(util: Util, collect: () => void): Liveness {
  const watched = new WeakSet<CpuBuffer>()
  return {
    name: 'inspect',
    watch: buffer => void watched.add(buffer),
    mark() {
      collect()
      util.inspect(watched, listing)
    },
  }
}

function microtaskCheckpoint(): (() => void) | undefined {
  const vm = nodeBuiltin<typeof import('node:vm')>('vm')
  if (vm === undefined) return undefined
  const context = vm.createContext({}, { microtaskMode: 'afterEvaluate' }), script = new vm.Script('0')
  return () => void script.runInContext(context)
}

/** Also usable by itself: exported for its test. */
export function byWeakReference(clear: () => void, collect: () => void): Liveness {
  return {
    name: 'weakref',
    watch: buffer => void (buffer.lease.reference = new WeakRef(buffer)),
    mark(leases) {
      clear()
      collect()
      for (const lease of leases) lease.alive = lease.reference?.deref() !== undefined
      clear()
    },
  }
}
