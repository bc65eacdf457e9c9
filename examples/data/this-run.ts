/**
 * What names of topics and applications end with, so that each run begins anew: a real Kafka keeps what an earlier one left, and an application of the
 * same id goes on where that one stopped. (That is what yours should do: give it a fixed id.)
 */
export const thisRun: string = Date.now().toString(36)
