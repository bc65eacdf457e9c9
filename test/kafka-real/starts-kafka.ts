/** A program that starts a Kafka and leaves it to itself: it prints the broker's process and folder, and waits for its own end. */
import { startKafka } from '../support/kafka/start-kafka.ts'

const kafka = await startKafka()
console.log(JSON.stringify({ pid: kafka.pid(1), folder: kafka.folder }))
