/** How long the page's thread is kept from other tasks, as the browser's trace has it. */
import { cdp } from 'vitest/browser'

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Microseconds. */
  readonly ts: number
  readonly dur?: number
  /** Of these, those that the thread had a processor. */
  readonly tdur?: number
}

interface Session {
  on(event: string, listener: (data: { readonly value: readonly TraceEvent[] }) => void): void
  off(event: string, listener: (data: { readonly value: readonly TraceEvent[] }) => void): void
  send(method: string, params?: object): Promise<unknown>
}

const categories = ['toplevel', 'blink.user_timing']

/**
 * Milliseconds of the longest task until `work` settles, on a machine that does nothing else: its processor time, or its duration by what
 * the machine made of a loop of known work before and after, if that is more (it may have waited for the graphics process).
 */
export async function longestTask(work: () => Promise<unknown>): Promise<number> {
  const events = await traced(async () => {
    await spin()
    performance.mark('work begins')
    await work()
    await turn()
    performance.mark('work ends')
    await spin()
  })
  const [begin, end] = ['work begins', 'work ends'].map(name => events.find(e => e.name === name)) as [TraceEvent, TraceEvent]
  const tasks = events.filter(e => e.name.endsWith('RunTask') && e.pid === begin.pid && e.tid === begin.tid && e.tdur !== undefined)
  const during = tasks.filter(e => e.ts + (e.dur ?? 0) > begin.ts && e.ts < end.ts)
  const spins = tasks.filter(e => !during.includes(e) && (e.dur ?? 0) >= 1000 * SPIN)
  const sum = (list: readonly TraceEvent[], of: 'dur' | 'tdur'): number => list.reduce((total, e) => total + (e[of] ?? 0), 0)
  const slowdown = Math.max(1, sum(spins, 'dur') / sum(spins, 'tdur'))
  return Math.max(...during.map(e => Math.max(e.tdur ?? 0, (e.dur ?? 0) / slowdown))) / 1000
}

/** Milliseconds of a loop that shows how fast the machine is. */
const SPIN = 20

const turn = (): Promise<void> => new Promise(resolve => setTimeout(resolve))

async function spin(): Promise<void> {
  await turn()
  const end = performance.now() + SPIN
  while (performance.now() < end);
  await turn()
}

async function traced(work: () => Promise<void>): Promise<readonly TraceEvent[]> {
  const session = cdp() as unknown as Session,
    events: TraceEvent[] = []
  const collect = ({ value }: { readonly value: readonly TraceEvent[] }): void => void events.push(...value)
  let complete: () => void = () => {}
  const ended = new Promise<void>(resolve => (complete = resolve))
  session.on('Tracing.dataCollected', collect)
  session.on('Tracing.tracingComplete', complete)
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: categories } })
  try {
    await work()
  } finally {
    await session.send('Tracing.end')
    await ended
    session.off('Tracing.dataCollected', collect)
    session.off('Tracing.tracingComplete', complete)
  }
  return events
}
