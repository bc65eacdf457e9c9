/** The public surface of `millrace/testing`. */
export { TopologyTestDriver } from './testing/topology-test-driver.ts'
export type { DriverOptions, RawTestInput } from './testing/topology-test-driver.ts'
export type { RawTestRecord } from './testing/driver-log.ts'
export type { TestInput, TestInputRecord, TestOutput, TestOutputRecord } from './testing/test-topics.ts'
