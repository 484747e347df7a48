/** The worker's side: one backend, one model, one training at a time. */
import { type Backend, init } from '@cotangent/core'
import { type Mnist, SIDE } from '../lib/digits.ts'
import { backends, threadsFor } from './backends.ts'
import type { BackendChoice } from './choices.ts'
import { type Event, course } from './course.ts'
import type { DigitAddresses } from './digits.ts'
import type { Learner } from './learner.ts'
import { plans } from './plans.ts'
import type { Choice, DigitCounts, Filters, Listener, Opened, Outcome, Point, Report, Session, TestDigit } from './protocol.ts'
import { nextTask } from './tasks.ts'

const SEED = 0
/** Milliseconds of training between two looks at the messages. */
const SLICE = 20
/** Milliseconds between reports. */
const REPORT_INTERVAL = 100

interface Device {
  readonly choice: BackendChoice
  readonly backend: Backend
}
interface Run {
  readonly learner: Learner
  readonly events: AsyncIterator<Event, void>
  readonly epochs: number
}

export class TrainingSession implements Session {
  private readonly fetchDigits: (addresses: DigitAddresses) => Promise<Mnist>
  private data: Mnist | undefined
  private device: Device | undefined
  private run: Run | undefined
  private training: Promise<Outcome> | undefined
  private pausing = false

  constructor(fetchDigits: (addresses: DigitAddresses) => Promise<Mnist>) {
    this.fetchDigits = fetchDigits
  }

  async load(addresses: DigitAddresses): Promise<DigitCounts> {
    const { train, test } = (this.data = await this.fetchDigits(addresses))
    return { train: train.count, test: test.count }
  }

  async open(choice: Choice): Promise<Opened> {
    await this.end()
    const { backend, model } = choice,
      threads = threadsFor(choice)
    if (this.device?.choice !== backend) {
      await this.device?.backend.dispose()
      this.device = undefined
      const loaded = await init({ backend: backends[backend].load, ...threads })
      this.device = { choice: backend, backend: loaded.backend }
    }
    const plan = plans[model],
      learner = plan.learner(SEED)
    this.run = { learner, events: course(learner, this.digits(), plan), epochs: plan.epochs }
    return { ...threads, parameters: learner.parameters, epochs: plan.epochs }
  }

  async train(listen: Listener): Promise<Outcome> {
    this.training = this.go(this.opened(), listen)
    return this.training
  }

  pause(): void {
    this.pausing = true
  }

  predict(pixels: Float32Array): readonly number[] {
    return this.opened().learner.predict(pixels)
  }

  filters(): Filters {
    return this.opened().learner.filters()
  }

  kernels(): string {
    return this.opened().learner.kernels()
  }

  testDigits(indices: readonly number[]): readonly TestDigit[] {
    const { images, labels } = this.digits().test
    const size = SIDE * SIDE
    return indices.map(index => ({ index, label: labels[index] as number, pixels: images.slice(index * size, (index + 1) * size) }))
  }

  private async go({ events, epochs }: Run, listen: Listener): Promise<Outcome> {
    const news = new News(epochs, this.device as Device)
    this.pausing = false
    for (;;) {
      const end = performance.now() + SLICE
      do {
        const start = performance.now()
        const { done, value } = await events.next()
        if (done === true) {
          await listen(news.report())
          return 'finished'
        }
        news.add(value, performance.now() - start)
      } while (performance.now() < end)
      if (news.age() >= REPORT_INTERVAL || this.pausing) await listen(news.report())
      if (this.pausing) return 'paused'
      await nextTask()
    }
  }

  private async end(): Promise<void> {
    this.pausing = true
    await this.training?.catch(() => {})
    this.training = undefined
    this.run?.learner.dispose()
    this.run = undefined
  }

  private opened(): Run {
    if (this.run === undefined) throw new Error('open a model first')
    return this.run
  }

  private digits(): Mnist {
    if (this.data === undefined) throw new Error('load the digits first')
    return this.data
  }
}

interface Work {
  readonly digits: number
  readonly milliseconds: number
}
const idle: Work = { digits: 0, milliseconds: 0 }
const sum = (a: Work, b: Work): Work => ({ digits: a.digits + b.digits, milliseconds: a.milliseconds + b.milliseconds })

/** Gathers what happened since the last report. */
class News {
  private readonly epochs: number
  private readonly device: Device
  private epoch = 0
  /** Of training steps alone, up to the last one that is known to be done. */
  private done: Work = idle
  private going: Work = idle
  private losses: Point[] = []
  private accuracies: Point[] = []
  private since: number = performance.now()

  constructor(epochs: number, device: Device) {
    this.epochs = epochs
    this.device = device
  }

  add(event: Event, milliseconds: number): void {
    if (event.type === 'step') {
      this.epoch = event.epoch
      this.going = sum(this.going, { digits: event.digits, milliseconds })
      if (!event.settled) return
      this.done = sum(this.done, this.going)
      this.going = idle
    } else if (event.type !== 'tested') (event.type === 'loss' ? this.losses : this.accuracies).push(event)
  }

  age(): number {
    return performance.now() - this.since
  }

  report(): Report {
    const { epoch, epochs, losses, accuracies, device } = this,
      { digits, milliseconds } = this.done
    this.done = idle
    this.losses = []
    this.accuracies = []
    this.since = performance.now()
    return { epoch, epochs, digitsPerSecond: (digits * 1000) / milliseconds, losses, accuracies, memory: device.backend.memory() }
  }
}
