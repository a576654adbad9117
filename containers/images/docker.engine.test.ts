import { testImages } from './testing/contract.ts'

await testImages('docker')
