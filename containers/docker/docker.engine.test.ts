import { testContainers } from './testing/contract.ts'

await testContainers('docker')
