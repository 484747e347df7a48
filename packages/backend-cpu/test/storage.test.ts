import { describeStorage } from '../../core/test/support/describeStorage.ts'
import { backend } from '../src/index.ts'

describeStorage('cpu', () => backend.load({ threads: 2 }))
