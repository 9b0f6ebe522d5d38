import type { JSX } from 'preact'
import type { TestPage } from '../../site-data.ts'
import { countTurns } from '../count-turns.ts'
import { formatCount, formatTime } from '../format.ts'
import { href } from '../route.ts'
import { Status, StatusTrail } from './status.tsx'

interface TestTableProps {
  readonly tests: readonly (TestPage & { readonly on?: JSX.Element })[]
}

/** Tests with their last result and the results before. */
export function TestTable({ tests }: TestTableProps): JSX.Element {
  const hasNodes = tests.some(({ on }) => on !== undefined)
  const hasColumns = tests.some(({ column }) => column !== undefined)
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Test</th>
            {hasNodes ? <th scope="col">Of</th> : null}
            {hasColumns ? <th scope="col">Column</th> : null}
            <th scope="col">Last result</th>
            <th scope="col">Runs</th>
            <th scope="col">When</th>
          </tr>
        </thead>
        <tbody>
          {tests.map((test) => (
            <tr key={test.id}>
              <th scope="row">
                <a href={href('node', test.id)}>{test.name}</a>
                {test.arguments === undefined ? null : (
                  <span class="muted arguments">{test.arguments}</span>
                )}
              </th>
              {hasNodes ? <td>{test.on}</td> : null}
              {hasColumns ? <td>{test.column ?? ''}</td> : null}
              <td>
                <Result test={test} />
              </td>
              <td>
                <StatusTrail statuses={test.recent.slice(0, 15)} />
                <Turns of={test.recent} />
              </td>
              <td class="time">{test.last === undefined ? '' : formatTime(test.last.at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Said of a test that failed and passed again, or the other way round: one turn is news, two are a pattern. */
function Turns({ of }: { readonly of: readonly string[] }): JSX.Element | null {
  const turns = countTurns(of)
  if (turns < 2) return null
  return (
    <span class="status middling turns">
      {turns} turns in {of.length} runs
    </span>
  )
}

function Result({ test }: { readonly test: TestPage }): JSX.Element {
  const { last } = test
  if (last === undefined) return <span class="muted">not run</span>
  const isBad = last.status !== 'pass' && (last.rows ?? 0) > 0
  return (
    <>
      <Status status={last.status} />
      {isBad ? <span class="muted"> {formatCount(last.rows ?? 0)} rows</span> : null}
    </>
  )
}
