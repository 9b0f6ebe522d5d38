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
