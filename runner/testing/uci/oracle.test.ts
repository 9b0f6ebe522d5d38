import { describe, expect, test } from 'vitest'
import { analysisDates, productVersions, rfmRows, saleFacts, stageUci } from './oracle.ts'

const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'

function stage(...lines: readonly string[]): ReturnType<typeof stageUci> {
  return stageUci([{ name: 'a.csv', text: [HEADER, ...lines].join('\n') }])
}

describe('the oracle of the UCI data', () => {
  test('equal lines are one event, returns reduce the revenue, bookkeeping is left out', () => {
    const { figures } = stage(
      '1,P,LAMP,2,2010-12-01 08:00:00,1.25,17850.0,France',
      '1,P, LAMP ,2,2010-12-01 08:00:00,1.25,17850.0,France',
      'C2,P,LAMP,-1,2010-12-02 08:00:00,1.25,,EIRE',
      'A3,B,Adjust bad debt,1,2010-12-03 08:00:00,11062.06,,EIRE',
    )
    expect(figures).toEqual({
      lines: 4,
      dead_letters: 1,
      events: 2,
      duplicates: 1,
      returns: 1,
      guest_events: 1,
      revenue: '1.25',
      customers: 1,
      products: 1,
      countries: ['EIRE', 'France'],
    })
  })

  test('a new name opens a version, a new price does not, a blank name and a free line change nothing', () => {
    const { events } = stage(
      '1,P,LAMP,1,2010-12-01 08:00:00,1.00,,EIRE',
      '2,P,,1,2010-12-02 08:00:00,2.00,,EIRE',
      '3,P,FREE,1,2010-12-03 08:00:00,0.0,,EIRE',
      '4,P,OTHER,1,2010-12-04 08:00:00,3.00,,EIRE',
      '5,P,RED LAMP,1,2010-12-04 08:00:00,4.00,,EIRE',
      '6,Q,NEVER SOLD,1,2010-12-04 08:00:00,0,,EIRE',
    )
    const versions = productVersions(events)
    expect(
      versions.map((v) => [v.product_name, v.unit_price, v.effective_from, v.effective_to]),
    ).toEqual([
      ['LAMP', '2.0000', '2010-12-01 08:00:00+00', '2010-12-04 08:00:00+00'],
      ['RED LAMP', '4.0000', '2010-12-04 08:00:00+00', '9999-12-31 00:00:00+00'],
    ])
    const keys = new Map(
      saleFacts(events, versions).map((f) => [f.transaction_id, f.product_id_pk]),
    )
    expect(['3', '4', '6'].map((id) => keys.get(id))).toEqual([
      versions[0]?.product_id_pk,
      versions[1]?.product_id_pk,
      null,
    ])
  })

  test('six customers fall into quintiles with two in the first, ties by user_id', () => {
    const buyers = ['11', '12', '13', '14', '15', '16']
    const { events } = stage(
      ...buyers.map((id) => `${id},P,LAMP,1,2010-12-01 08:00:00,1.00,${id}.0,EIRE`),
    )
    expect(
      rfmRows(events, '2010-12-11').map((r) => [r.user_id, r.recency_days, r.rfm_score]),
    ).toEqual([
      ['11', 10, '111'],
      ['12', 10, '111'],
      ['13', 10, '222'],
      ['14', 10, '333'],
      ['15', 10, '444'],
      ['16', 10, '555'],
    ])
  })

  test('analysis dates are the closed month ends and as_of', () => {
    const { events } = stage('1,P,LAMP,1,2010-12-01 08:00:00,1.00,,EIRE')
    expect(analysisDates(events)).toEqual(['2010-12-01'])
    expect(analysisDates(events, '2011-02-28')).toEqual(['2010-12-31', '2011-01-31', '2011-02-28'])
    expect(analysisDates(events, '2011-03-01').at(-2)).toBe('2011-02-28')
  })
})
