/** Why a record cannot be landed. The codes are stored and never change their meaning. */
export type FaultReason =
  | 'bad_json'
  | 'schema_violation'
  | 'event_in_future'
  | 'invalid_utf8'
  | 'nul_character'
  | 'lone_surrogate'
  | 'number_out_of_range'
  | 'nested_too_deep'
  | 'too_long'
  | 'wrong_column_count'
  | 'broken_quote'
  | 'rejected_by_mapping'
  | 'refused_by_database'
  | 'tombstone'
  | 'wrong_key'
  | 'unreadable_payload'

export interface Fault {
  readonly reason: FaultReason
  /** For people: what is wrong and, where one is at fault, with which field. */
  readonly message: string
}

/** A record that goes to `raw.dead_letters`. */
export interface DeadLetter extends Fault {
  readonly line: number
  readonly rawBytes: Buffer
}
