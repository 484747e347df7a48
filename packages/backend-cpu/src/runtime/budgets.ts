/** When to search for garbage: bytes that may gather, for young handles and for all. */

import { memory } from '../tuning.ts'

export class Budgets {
  private readonly all: number
  private readonly youngLeast: number
  private readonly hasYoung: boolean
  private young: number
  private allLimit: number
  private youngLimit: number
  private lastSearch = 0

  /** `all`: bytes of garbage that may gather; never less than what is live. */
  constructor(all: number, hasYoung: boolean) {
    this.all = all
    this.hasYoung = hasYoung
    this.young = this.youngLeast = Math.min(memory.young, all / 2)
    this.allLimit = all
    this.youngLimit = hasYoung ? this.young : Infinity
  }

  isOver(live: number): boolean {
    return live > this.youngLimit || live > this.allLimit
  }
  wantsAll(live: number): boolean {
    return live > this.allLimit
  }

  /** Something was freed: what may be live before the next search follows downwards. */
  lower(live: number): void {
    const limit = live + Math.max(this.all, live)
    if (limit < this.allLimit) this.allLimit = limit
    if (this.hasYoung && live + this.young < this.youngLimit) this.youngLimit = live + this.young
  }

  /** After a search everywhere. */
  reset(live: number): void {
    this.allLimit = live + Math.max(this.all, live)
    if (this.hasYoung) this.youngLimit = live + this.young
  }

  /** After a search among young handles that began at `start` and freed so many bytes: slow or vain ones become rarer. */
  searchedYoung(live: number, freed: number, start: number): void {
    const end = performance.now()
    const bad = freed < this.young / 2 || end - start > memory.searchShare * (start - this.lastSearch)
    this.young = bad ? Math.min(2 * this.young, this.all) : Math.max(this.youngLeast, this.young * 0.75)
    this.youngLimit = live + this.young
    this.lastSearch = end
  }
}
