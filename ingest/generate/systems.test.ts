import { describe, expect, test } from 'vitest'
import { createDecoder } from '../decode/decode-event.ts'
import { SYSTEMS } from '../topics/registry.ts'
import { generateEvents } from './generate-events.ts'
import type { GenerateOptions } from './options.ts'
import { readOptions } from './options.ts'
import type { GeneratedEvent } from './send-events.ts'
import { GENERATED } from './systems.ts'

type Name = keyof typeof SYSTEMS
type Fields = Readonly<Record<string, unknown>>

const NAMES = Object.keys(SYSTEMS) as Name[]
const NOW_MS = Date.parse('2026-01-01T00:00:00Z')
const CLEAN = {
  duplicates: 0,
  late: 0,
  disordered: 0,
  badJson: 0,
  missingField: 0,
  blankField: 0,
} as const

function generate(options: Partial<GenerateOptions>): GeneratedEvent[] {
  return [...generateEvents({ events: 8_000, days: 7, users: 400, ...options })]
}

/** The refusals of events, by topic and reason. */
function refusals(system: Name, events: readonly GeneratedEvent[]): string[] {
  const decoders = new Map(
    GENERATED[system].topics.map((topic) => [topic.name, createDecoder(topic, NOW_MS)]),
  )
  return events.flatMap(({ topic, text }) => {
    const decoded = decoders.get(topic)?.fromJson(text)
    if (decoded === undefined) return [`${topic}: no such topic`]
    return 'reason' in decoded ? [`${topic}: ${decoded.reason}: ${decoded.message}`] : []
  })
}

function fieldsOf(system: Name): Fields[] {
  return generate({ system, ...CLEAN }).map(({ text }) => JSON.parse(text) as Fields)
}

describe.each(NAMES)('the events of %s', (system) => {
  test('are as many as asked for, in order of time, the same for the same seed, and fill every topic', () => {
    const events = generate({ system, ...CLEAN })
    expect(events).toHaveLength(8_000)
    expect(events).toEqual(generate({ system, ...CLEAN }))
    expect(events.map(({ sentMs }) => sentMs)).toEqual(
      events.map(({ sentMs }) => sentMs).sort((a, b) => a - b),
    )
    expect(new Set(events.map(({ topic }) => topic))).toEqual(
      new Set(SYSTEMS[system].map(({ name }) => name)),
    )
  })

  test('are all landed when they are clean, under ids of their own', () => {
    const events = generate({ system, ...CLEAN })
    expect(refusals(system, events)).toEqual([])
    const ids = events.map(({ text }) => (JSON.parse(text) as Fields)['event_id'])
    expect(new Set(ids).size).toBe(events.length)
  })

  test('are refused when they are no JSON or lack a field that they need, and only then', () => {
    const events = generate({ system, badJson: 0.05, missingField: 0.05, blankField: 0.05 })
    const spoilt = events.filter(({ flaw }) => flaw === 'bad_json' || flaw === 'missing_field')
    expect(spoilt.length).toBeGreaterThan(500)
    expect(refusals(system, spoilt)).toHaveLength(spoilt.length)
    expect(refusals(system, events)).toHaveLength(spoilt.length)
  })
})

describe('the learning platform', () => {
  test('registers a user once, and before anything else that they do', () => {
    const registered = new Set<unknown>()
    const active = new Set<unknown>()
    for (const { event_type: type, user_id: user } of fieldsOf('learning')) {
      if (type !== 'REGISTER') active.add(user)
      else {
        expect(registered.has(user) || active.has(user)).toBe(false)
        registered.add(user)
      }
    }
    expect(registered.size).toBeGreaterThan(20)
  })

  test('grades what was submitted, by the course’s teacher, after it was submitted', () => {
    const submitted = new Set<string>()
    let grades = 0
    for (const event of fieldsOf('learning')) {
      const key = (user: unknown, at: unknown): string =>
        [user, event['assignment_id'], at].map(String).join(' ')
      if (event['event_type'] === 'ASSIGNMENT_SUBMIT') {
        submitted.add(key(event['user_id'], event['timestamp']))
      }
      if (event['event_type'] !== 'GRADE') continue
      grades += 1
      expect(event['user_id']).toBe(event['teacher_id'])
      expect(submitted).toContain(key(event['student_id'], event['submitted_at']))
    }
    expect(grades).toBeGreaterThan(20)
  })

  test('opens and clicks only notifications that were delivered', () => {
    const delivered = new Set<unknown>()
    for (const { event_type: type, notification_id: id } of fieldsOf('learning')) {
      if (type === 'DELIVERED') delivered.add(id)
      if (type === 'OPENED' || type === 'CLICKED') expect(delivered).toContain(id)
    }
  })
})

describe('the medallion shop', () => {
  test('ends a session with the pages that were looked at in it', () => {
    const pages = new Map<unknown, number>()
    let ends = 0
    for (const { event_type: type, session_id: id, page_count: count } of fieldsOf('medallion')) {
      if (type === 'page_view') pages.set(id, (pages.get(id) ?? 0) + 1)
      if (type !== 'session_end') continue
      ends += 1
      expect(count).toBe(pages.get(id))
    }
    expect(ends).toBeGreaterThan(100)
  })

  test('sells what its items add up to, less the discount', () => {
    for (const order of fieldsOf('medallion')) {
      if (order['event_type'] !== 'purchase') continue
      const items = order['items'] as { quantity: number; unit_price: number }[]
      const cents = items.reduce(
        (sum, { quantity, unit_price: price }) => sum + quantity * Math.round(price * 100),
        0,
      )
      expect(cents - Math.round(Number(order['discount_amount']) * 100)).toBe(
        Math.round(Number(order['total_amount']) * 100),
      )
    }
  })
})

test('an unknown system is refused by name', () => {
  expect(() => readOptions({ system: 'shop' as 'learning' })).toThrow(
    'system is one of globalmart, medallion, learning, not "shop"',
  )
})
