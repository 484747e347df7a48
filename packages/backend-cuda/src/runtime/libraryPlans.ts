/** Plans of a library: made once for what is asked, kept a while after the last use. What the library does not take is remembered as well. */
import { fail } from '@cotangent/core/kernel'
import type { Session } from './session.ts'
import { Shared } from './shared.ts'

export interface Plan {
  readonly handle: number
  /** Bytes that it needs. */
  readonly workspace: number
}

/** How calls `C` become plans `P` of the addon, and these plans of the library. */
export interface Planner<C, P extends object> {
  /** Its name. */
  readonly library: string
  planOf(call: C): P
  /** Undefined: the library does not take it. */
  make(plan: P): Plan | undefined
  release(handle: number): void
}

/** Plans without users that are kept. */
const spare = 256

export class LibraryPlans<C, P extends object> {
  private readonly planner: Planner<C, P>
  private readonly plans: Shared<string, Plan | undefined>

  constructor(session: Session, planner: Planner<C, P>) {
    this.planner = planner
    this.plans = new Shared(spare, plan => {
      if (plan !== undefined && session.isOpen) session.call(() => planner.release(plan.handle))
    })
  }

  /** Does the library take it? The plan is kept for `take`. */
  supports(call: C): boolean {
    const plan = this.find(call)
    this.give(call)
    return plan !== undefined
  }

  /** Give each back as often as it was taken. */
  take(call: C): Plan {
    return this.find(call) ?? fail('InternalError', `cuda: a call that ${this.planner.library} does not take. Please report it.`)
  }

  give(call: C): void {
    this.plans.give(keyOf(this.planner.planOf(call)))
  }

  private find(call: C): Plan | undefined {
    const plan = this.planner.planOf(call)
    return this.plans.take(keyOf(plan), () => this.planner.make(plan))
  }
}

const keyOf = (plan: object): string => Object.values(plan).join(' ')
