/** What to do about a batch of a microbatch model that gives rows which belong to another. */
export const OUTSIDE_BATCH_HINT =
  'A batch may only give rows of its own interval. Let event_time of the model be the time by which its inputs are read, or filter by model.batch.event_time_start and event_time_end.'
