import { escapeIdentifier, escapeLiteral } from 'pg'
import type { Topic } from '../topics/topic.ts'

export interface Migration {
  readonly version: number
  readonly name: string
  readonly sql: string
}

/**
 * The numbered steps of schema `raw`; one that was released is never edited. The tables of topics
 * are not among them: each is created when its topic is new, see `topicTable`.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: 'landing',
    sql: `
create schema if not exists raw;

create table raw.migrations (
  version integer primary key,
  name text not null,
  applied_at timestamptz not null default now()
);

create table raw.topics (
  topic text primary key,
  table_name text not null unique,
  created_at timestamptz not null default now()
);
comment on table raw.topics is 'Topics that have a table in this schema.';

create table raw.landed_files (
  topic text not null,
  file_hash text not null,
  file_name text not null,
  lines bigint not null,
  events bigint not null,
  dead_letters bigint not null,
  landed_at timestamptz not null default now(),
  primary key (topic, file_hash)
);
comment on table raw.landed_files is 'Files whose content has been landed, once per topic.';
comment on column raw.landed_files.file_hash is 'SHA-256 of the uncompressed content.';
comment on column raw.landed_files.lines is 'Records read: events and dead letters.';

create table raw.dead_letters (
  topic text not null,
  "partition" integer,
  "offset" bigint,
  message_timestamp timestamptz,
  file_name text,
  file_hash text,
  line bigint,
  raw_bytes bytea,
  reason text not null,
  message text not null,
  landed_at timestamptz not null default now(),
  _gm_xid xid8 not null default pg_current_xact_id()
);
create index dead_letters_gm_xid on raw.dead_letters using btree (_gm_xid);
create index dead_letters_topic on raw.dead_letters using btree (topic, landed_at);
comment on table raw.dead_letters is 'Records that could not be landed, with the reason.';
comment on column raw.dead_letters.raw_bytes is 'The record as it came, at most the first mebibyte.';
comment on column raw.dead_letters.reason is 'A code that never changes, such as bad_json.';
comment on column raw.dead_letters.message is 'What is wrong, for people.';
`,
  },
  {
    version: 2,
    name: 'kafka',
    sql: `
alter table raw.dead_letters
  add column id bigint generated always as identity,
  add column replayed_at timestamptz;
create unique index dead_letters_id on raw.dead_letters using btree (id);
comment on column raw.dead_letters.replayed_at is 'When the record was landed after all; null while it was not.';

create table raw.kafka_offsets (
  topic text not null,
  "partition" integer not null,
  next_offset bigint not null default -1,
  epoch bigint not null default 0,
  owner text,
  cluster_id text,
  last_offset bigint,
  last_hash bytea,
  last_timestamp timestamptz,
  landed_at timestamptz,
  low_watermark bigint,
  high_watermark bigint,
  checked_at timestamptz,
  caught_up_at timestamptz,
  primary key (topic, "partition")
) with (fillfactor = 50);
comment on table raw.kafka_offsets is 'How far each partition has been landed; moved in the transaction of the rows.';
comment on column raw.kafka_offsets.next_offset is 'The first offset that has not been landed; -1 before the first claim.';
comment on column raw.kafka_offsets.epoch is 'Counts claims: who has an older number can write nothing any more.';
comment on column raw.kafka_offsets.last_hash is 'SHA-256 of the last landed record, by which a topic that was made anew is known.';
comment on column raw.kafka_offsets.caught_up_at is 'Last check that found nothing left to land.';

create table raw.kafka_gaps (
  topic text not null,
  "partition" integer not null,
  from_offset bigint not null,
  to_offset bigint not null,
  reason text not null,
  found_at timestamptz not null default now()
);
comment on table raw.kafka_gaps is 'Where a policy of ingest.yml let the landing jump: records that were gone, topics made anew.';
comment on column raw.kafka_gaps.from_offset is 'The offset that was to be landed next.';
comment on column raw.kafka_gaps.to_offset is 'The offset that was landed next instead.';

create table raw.kafka_ingestors (
  id text primary key,
  host text not null,
  process integer not null,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  stopped_at timestamptz,
  state text not null,
  rows bigint not null,
  dead_letters bigint not null,
  transactions bigint not null,
  transaction_ms bigint not null,
  fences bigint not null,
  retries bigint not null
);
comment on table raw.kafka_ingestors is 'Each ingestor that ran, with its counters, written about once a second.';
comment on column raw.kafka_ingestors.fences is 'Transactions given up because another ingestor had claimed the partition.';
comment on column raw.kafka_ingestors.retries is 'Times that it began again after an error of the database or of Kafka.';

create view raw.kafka_lag as
select
  topic,
  "partition",
  low_watermark,
  high_watermark,
  next_offset as landed_offset,
  greatest(high_watermark - next_offset, 0) as lag_records,
  case
    when next_offset >= high_watermark and checked_at > now() - interval '10 seconds' then 0
    -- A producer's clock may be ahead of this one.
    else round(greatest(extract(epoch from now() - greatest(caught_up_at, last_timestamp)), 0), 3)
  end as lag_seconds,
  last_timestamp,
  landed_at,
  checked_at
from raw.kafka_offsets
where next_offset >= 0;
comment on view raw.kafka_lag is 'How far each partition is behind its topic.';
comment on column raw.kafka_lag.landed_offset is 'The first offset that has not been landed.';
comment on column raw.kafka_lag.lag_seconds is 'Age of the oldest record that may not have been landed; grows while no ingestor runs.';
`,
  },
  {
    version: 3,
    name: 'kafka_offsets_by_place',
    // While a transaction elsewhere stays open, none of the earlier versions of an offset's row can go. Looked up by the place itself,
    // the one in force is found without passing them; one row a partition is what claims see to, one at a time.
    sql: `
alter table raw.kafka_offsets
  drop constraint kafka_offsets_pkey,
  add primary key (topic, "partition", epoch, next_offset);
`,
  },
]

/** DDL of one topic's table: the columns of the landing contract, the same for files and Kafka. */
export function topicTable(topic: Topic): string {
  const table = `raw.${escapeIdentifier(topic.table)}`
  return `
create table ${table} (
  topic text not null,
  "partition" integer,
  "offset" bigint,
  message_timestamp timestamptz,
  file_name text,
  file_hash text,
  line bigint,
  event_id text not null,
  event_type text not null,
  event_time timestamptz not null,
  landed_at timestamptz not null default now(),
  _gm_xid xid8 not null default pg_current_xact_id(),
  payload jsonb not null
) partition by range (landed_at);
create index ${escapeIdentifier(`${topic.table}_gm_xid`)} on ${table} using btree (_gm_xid);
comment on table ${table} is ${escapeLiteral(`${topic.description} As landed from ${topic.name}.`)};
comment on column ${table}.file_name is 'Name of the file without its folder; null from Kafka.';
comment on column ${table}.line is 'Physical line in the file, from 1, where the record begins.';
comment on column ${table}.landed_at is 'Start of the transaction that landed the event.';
comment on column ${table}._gm_xid is 'Transaction that landed the event; read by changes().';
comment on column ${table}.payload is 'The whole event.';
`
}
