/** Plans of libraries, by the calls that need them. */
import type { ConvolutionShape, LibraryCall, Product } from '../command.ts'
import type { Convolutions } from './convolutions.ts'
import type { Plan } from './libraryPlans.ts'
import type { Products } from './products.ts'

export class Plans {
  private readonly products: Products
  private readonly convolutions: Convolutions

  constructor(products: Products, convolutions: Convolutions) {
    this.products = products
    this.convolutions = convolutions
  }

  multiplies(product: Product): boolean {
    return this.products.supports(product)
  }

  convolves(shape: ConvolutionShape): boolean {
    return this.convolutions.supports(shape)
  }

  /** Give each back as often as it was taken. */
  take(call: LibraryCall): Plan {
    return call.kind === 'product' ? this.products.take(call) : this.convolutions.take(call.shape)
  }

  give(call: LibraryCall): void {
    if (call.kind === 'product') this.products.give(call)
    else this.convolutions.give(call.shape)
  }
}
