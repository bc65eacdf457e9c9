import { describe, expect, it } from 'vitest'
import { configMistake, settingsOf, withDefaults } from '../../src/memory/topic-configs.ts'

describe('topic configs', () => {
  it('fills in what isn’t given', () => {
    const configs = withDefaults({ 'cleanup.policy': 'compact' })
    expect(configs).toMatchObject({ 'cleanup.policy': 'compact', 'max.message.bytes': '1048588', 'retention.ms': '604800000' })
  })

  it.each([
    ['delete', false, true],
    ['compact', true, false],
    ['compact,delete', true, true],
    ['', false, true],
  ])('reads the policy %j', (policy, compacted, deletable) => {
    expect(settingsOf(withDefaults({ 'cleanup.policy': policy }))).toMatchObject({ compacted, deletable })
  })

  it('reads limits and times', () => {
    const configs = withDefaults({
      'message.timestamp.type': 'LogAppendTime',
      'max.message.bytes': '10',
      'message.timestamp.after.max.ms': '9223372036854775807',
    })
    expect(settingsOf(configs)).toMatchObject({ logAppendTime: true, maxMessageBytes: 10, timestampAfterMaxMs: 2 ** 63 })
  })

  it.each([
    [{ 'retention.minutes': '1' }, 'Unknown topic config name: retention.minutes'],
    [{ constructor: '1' }, 'Unknown topic config name: constructor'],
    [{ 'cleanup.policy': 'forget' }, 'Invalid value forget for configuration cleanup.policy'],
    [{ 'retention.ms': 'long' }, 'Invalid value long for configuration retention.ms: Not a number'],
  ])('refuses %j', (configs, mistake) => {
    expect(configMistake(configs)).toContain(mistake)
  })

  it('finds nothing wrong with what Kafka Streams sets', () => {
    expect(
      configMistake({
        'cleanup.policy': 'compact,delete',
        'retention.ms': '-1',
        'segment.bytes': '52428800',
        'min.cleanable.dirty.ratio': '0.1',
      }),
    ).toBeUndefined()
  })
})
