import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect } from 'vitest'
import type { OpenLineageEvent } from '../../docs/openlineage/event-writer.ts'
import { databaseUrl, gm } from '../gm.ts'
import { test as withDatabase } from '../sql-fixture.ts'
import { OPEN_LINEAGE_EVENT } from './open-lineage-schema.ts'

const FILES: Readonly<Record<string, string>> = {
  'project.yml': 'name: shop\nenv: [REGION]\n',
  'seeds/orders.csv': 'id,amount,country\n1,10,DE\n2,20,FR\n3,30,DE\n',
  'models/clean.sql':
    "{{ config(materialized='ephemeral') }}\nselect id, amount * 2 as doubled, country from {{ ref('orders') }} where amount > 0",
  'models/totals.sql':
    "{{ config(materialized='table') }}\nselect country, sum(doubled) as total, '{{ env_var('REGION') }}' as region from {{ ref('clean') }} group by country",
  'models/broken.sql': "select 1 / (total - total) as nothing from {{ ref('totals') }}",
  'models/after_broken.sql': "select nothing from {{ ref('broken') }}",
  'models/schema.yml':
    'models:\n  - name: totals\n    description: What was sold.\n    columns:\n      - name: country\n        description: Two letters.\n        data_tests: [unique]\n      - name: total\n        data_tests: [{accepted_values: {arguments: {values: [1], quote: false}, config: {severity: warn}}}]\n  - name: broken\n    config: {materialized: table}\n',
}

const test = withDatabase.extend<{
  shop: { root: string; env: Record<string, string> }
}>({
  shop: async ({ connection }, use) => {
    const root = mkdtempSync(join(tmpdir(), 'gm-lineage-'))
    for (const [path, content] of Object.entries(FILES)) {
      mkdirSync(join(root, path, '..'), { recursive: true })
      writeFileSync(join(root, path), content)
    }
    await use({ root, env: { ...databaseUrl(connection), REGION: 'a-region-of-this-machine' } })
    rmSync(root, { recursive: true, force: true })
  },
})

/** A server as OpenLineage's consumers are: it keeps what is posted. */
async function listen(answer: number | 'never') {
  const requests: { path: string; authorization: string | undefined; body: string }[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { url = '', headers } = request
      const body = Buffer.concat(parts).toString()
      requests.push({ path: url, authorization: headers.authorization, body })
      if (answer !== 'never') response.writeHead(answer).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const ajv = new Ajv2020({ allErrors: true, strict: false })
// Both of ajv's ways of being imported.
;(addFormats as unknown as (one: Ajv2020) => void)(ajv)
const isEvent = ajv.compile(OPEN_LINEAGE_EVENT)

function checked(lines: readonly string[]): OpenLineageEvent[] {
  return lines.map((line) => {
    const event: unknown = JSON.parse(line)
    expect(isEvent(event) ? [] : isEvent.errors, line).toEqual([])
    return event as OpenLineageEvent
  })
}

describe('--openlineage', () => {
  test('tells a run and each of its steps to a server, in order, with columns, counts, verdicts and errors, and without a secret', async ({
    shop,
    connection,
  }) => {
    const { url, requests, close } = await listen(201)
    const env = { ...shop.env, OPENLINEAGE_URL: url, OPENLINEAGE_API_KEY: 'key-of-the-consumer' }
    try {
      await gm(shop.root, ['build', '--threads', '1'], env, 1)
    } finally {
      close()
    }
    expect(new Set(requests.map(({ path }) => path))).toEqual(new Set(['/api/v1/lineage']))
    expect(requests[0]?.authorization).toBe('Bearer key-of-the-consumer')
    const events = checked(requests.map(({ body }) => body))

    const shown = events.map(
      ({ eventType, job }) => `${eventType} ${job.name.replace(/\.\w{10}$/, '')}`,
    )
    expect(shown[0]).toBe('START shop.build')
    expect(shown.at(-1)).toBe('FAIL shop.build')
    expect(shown.slice(1, 5)).toEqual([
      'START seed.shop.orders',
      'COMPLETE seed.shop.orders',
      'START model.shop.totals',
      'COMPLETE model.shop.totals',
    ])
    expect(shown).toContain('FAIL model.shop.broken')
    expect(shown.join()).not.toContain('after_broken')

    const ended = (name: string) =>
      events.find(({ job, eventType }) => job.name.startsWith(name) && eventType !== 'START')
    const { host, port, database } = connection
    const namespace = `postgres://${host.startsWith('/') ? 'localhost' : host}:${port}`
    const orders = { namespace, name: `${database}.public.orders` }
    expect(ended('seed.shop.orders')?.outputs).toMatchObject([
      { ...orders, outputFacets: { outputStatistics: { rowCount: 3 } } },
    ])
    // Through the ephemeral model, which is no dataset.
    const direct = (field: string, subtype: string) => ({
      ...orders,
      field,
      transformations: [{ type: 'DIRECT', subtype }],
    })
    const totals = ended('model.shop.totals')
    expect(totals?.inputs).toMatchObject([orders])
    expect(totals?.outputs).toMatchObject([
      {
        facets: {
          documentation: { description: 'What was sold.' },
          schema: {
            fields: [
              { name: 'country', description: 'Two letters.' },
              { name: 'total' },
              { name: 'region' },
            ],
          },
          columnLineage: {
            fields: {
              country: { inputFields: [direct('country', 'IDENTITY')] },
              total: { inputFields: [direct('amount', 'AGGREGATION')] },
            },
          },
        },
      },
    ])
    expect(ended('test.shop.unique_totals_country')?.inputs).toMatchObject([
      {
        inputFacets: {
          dataQualityAssertions: {
            assertions: [{ assertion: 'unique', success: true, column: 'country' }],
          },
        },
      },
    ])
    expect(ended('test.shop.accepted_values')).toMatchObject({
      eventType: 'COMPLETE',
      inputs: [
        {
          inputFacets: {
            dataQualityAssertions: { assertions: [{ success: false, severity: 'warn' }] },
          },
        },
      ],
    })
    expect(ended('model.shop.broken')?.run.facets['errorMessage']).toMatchObject({
      message: expect.stringContaining('division by zero') as string,
    })

    const everything = requests.map(({ body }) => body).join('\n')
    expect(everything).not.toContain('a-region-of-this-machine')
    expect(everything).not.toContain('key-of-the-consumer')
    expect(everything).not.toContain(`${connection.user}:`)
  })

  test('adds the events to a file, one a line, without SQL where the project wants none', async ({
    shop,
  }) => {
    writeFileSync(
      join(shop.root, 'project.yml'),
      'name: shop\nenv: [REGION]\nopenlineage: {sql: false, namespace: sales}\n',
    )
    for (const select of ['orders', 'totals']) {
      await gm(shop.root, ['build', '-s', select, '--openlineage', 'out/events.jsonl'], shop.env)
    }
    const events = checked(
      readFileSync(join(shop.root, 'out/events.jsonl'), 'utf8').trim().split('\n'),
    )
    expect(events.filter(({ job }) => job.name === 'shop.build')).toHaveLength(4)
    expect(new Set(events.map(({ job }) => job.namespace))).toEqual(new Set(['sales']))
    expect(events.some(({ job }) => 'sql' in job.facets)).toBe(false)
    const runs = new Set(events.map(({ run }) => run.runId))
    // Two runs, the seed, the model and its two tests: none shares an id with another.
    expect(runs.size).toBe(6)
  })

  test('costs a run nothing where the server is down, refuses or never answers: it is said once', async ({
    shop,
  }) => {
    const gone = await listen(200)
    gone.close()
    const refusing = await listen(403)
    const silent = await listen('never')
    try {
      for (const [{ url }, reason] of [
        [gone, 'ECONNREFUSED'],
        [refusing, 'it answered 403'],
        [silent, 'it does not answer'],
      ] as const) {
        const args = ['seed', '--force', '--openlineage', url]
        const { stdout } = await gm(shop.root, args, shop.env)
        expect(stdout.match(/OpenLineage/g)).toHaveLength(1)
        expect(stdout).toContain(
          `OpenLineage did not arrive at ${new URL(url).host}: 4 events; ${reason}`,
        )
      }
    } finally {
      refusing.close()
      silent.close()
    }
  })

  test('is refused with a password in the URL, before anything is run; OPENLINEAGE_DISABLED tells nothing', async ({
    shop,
  }) => {
    const args = ['seed', '--openlineage', 'http://me:secret-word@localhost:1/']
    const { stderr } = await gm(shop.root, args, shop.env, 2)
    expect(stderr).toContain('GM1010')
    expect(stderr).not.toContain('secret-word')

    const off = { ...shop.env, OPENLINEAGE_DISABLED: 'true' }
    const { stdout } = await gm(shop.root, args, off)
    expect(stdout).not.toContain('OpenLineage')
  })
})
