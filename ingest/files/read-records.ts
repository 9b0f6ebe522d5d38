import type { Decoder } from '../decode/decode-event.ts'
import type { ReadBlock } from '../land/read-block.ts'
import { putRecord } from '../land/read-block.ts'
import type { MapRecord } from '../mapping/compile-mapping.ts'
import { compileMapping, mappingByName } from '../mapping/compile-mapping.ts'
import type { MappingFile } from '../mapping/mapping-schema.ts'
import type { Topic } from '../topics/topic.ts'
import { CsvReader } from './csv-reader.ts'
import type { Line } from './read-lines.ts'

type Blocks = AsyncIterable<readonly Line[]>

/**
 * JSON lines: every line that is not blank is one event, landed as the text that it is.
 * Without an event_id it gets the MD5 of that text, so equal lines are one event.
 */
export async function* readJsonLines(blocks: Blocks, decoder: Decoder): AsyncGenerator<ReadBlock> {
  for await (const lines of blocks) {
    const block: ReadBlock = { rows: [], dead: [] }
    for (const { number, text, bad } of lines) {
      if (bad !== undefined) {
        block.dead.push({ line: number, ...bad })
      } else if (text.trim() !== '') {
        putRecord(block, number, text, text, decoder.fromJson(text))
      }
    }
    yield block
  }
}

/**
 * CSV with a header. An event without an event_id gets the MD5 of its payload, which is made of the
 * mapped fields in the order of the topic's schema.
 */
export async function* readCsv(
  blocks: Blocks,
  decoder: Decoder,
  source: { topic: Topic; mapping: MappingFile | undefined; file: string },
): AsyncGenerator<ReadBlock> {
  const reader = new CsvReader(source.mapping?.delimiter ?? ',')
  let map: MapRecord | undefined
  const readBlock = (records: ReturnType<CsvReader['read']>): ReadBlock => {
    const block: ReadBlock = { rows: [], dead: [] }
    for (const record of records) {
      if ('reason' in record) {
        block.dead.push(record)
      } else if (map === undefined) {
        const header = record.cells.map((cell) => cell.trim())
        const mapping = source.mapping ?? mappingByName(source.topic, header, source.file)
        map = compileMapping(mapping, source.topic, header, source.file)
      } else {
        const mapped = map(record.cells)
        if ('reason' in mapped) putRecord(block, record.line, record.text, '', mapped)
        else
          putRecord(block, record.line, record.text, mapped.json, decoder.fromFields(mapped.event))
      }
    }
    return block
  }
  for await (const lines of blocks) yield readBlock(reader.read(lines))
  yield readBlock(reader.end())
}
