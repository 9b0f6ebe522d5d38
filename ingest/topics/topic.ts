import type * as z from 'zod'

/**
 * One topic of events and the table of schema `raw` that holds them. The name is the Kafka topic's;
 * files are landed under the same name, by the same rules.
 */
export interface Topic {
  readonly name: string
  /** Table of schema `raw`, at most 40 characters, so that its partitions' names fit PostgreSQL. */
  readonly table: string
  readonly description: string
  /**
   * What an event must hold to be landed. Loose: unknown keys pass and are kept, because a producer
   * may add fields before a model reads them. It is the only definition of the payload.
   */
  readonly event: z.ZodObject<z.ZodRawShape>
  /** Field with the event's type. */
  readonly typeField: string
  /** Field with the event's time, ISO 8601 text; UTC where it names no zone. */
  readonly timeField: string
}

/** How the text of a CSV cell becomes a payload field where no mapping says otherwise. */
export type FieldKind = 'text' | 'integer' | 'decimal'
