import type { CommandSpec, OptionSpec } from './command-spec.ts'

const SELECT: readonly OptionSpec[] = [
  {
    flags: '-s, --select <selector...>',
    description: 'nodes by name, path, tag:x, source:x, +x, x+, @x; a comma means both',
  },
  { flags: '--exclude <selector...>', description: 'nodes to leave out of the selection' },
  {
    flags: '--jobs, --job <name...>',
    description: 'jobs of project.yml, or single models, with what they need',
  },
  {
    flags: '--resource-type <type...>',
    description: 'only model, seed, snapshot, test, source, analysis, exposure, or all',
  },
  { flags: '--exclude-resource-type <type...>', description: 'all but these' },
  { flags: '--selector <name>', description: 'a selection of selectors.yml' },
  {
    flags: '--indirect-selection <mode>',
    description: 'tests that come along: eager (default), cautious, buildable, empty',
  },
  {
    flags: '--state <path>',
    description: 'artifacts of an earlier run, for state:, result: and --defer',
  },
  {
    flags: '--defer',
    description: 'read what is neither selected nor built here from the tables of --state',
  },
  { flags: '--favor-state', description: 'with --defer: also what is built here' },
  { flags: '--defer-state <path>', description: 'another state for --defer alone' },
]

const EVENT_TIMES: readonly OptionSpec[] = [
  {
    flags: '--event-time-start <when>',
    description: 'microbatch models do the batches from this day or moment on (UTC)',
  },
  { flags: '--event-time-end <when>', description: 'and before this one, and no others' },
]

const RUN: readonly OptionSpec[] = [
  ...SELECT,
  { flags: '-f, --full-refresh', description: 'rebuild incremental models and histories' },
  { flags: '--full-reload', description: 'the same as --full-refresh' },
  {
    flags: '--allow-destructive',
    description: 'let on_schema_change: sync_all_columns drop columns and narrow types',
  },
  { flags: '--store-failures', description: 'keep the failing rows of tests in tables' },
  {
    flags: '--dry-run',
    description:
      'print what would be done and why, with its SQL, and what would fail; change nothing',
  },
  {
    flags: '--publish <mode>',
    description: 'model: each when it is built; atomic: all of them in one moment, or none',
  },
  { flags: '--empty', description: 'read no rows: models are built without any' },
  {
    flags: '--sample <span>',
    description: "read the rows of this span of event_time: '3 days', '{start: …, end: …}'",
  },
  { flags: '--force', description: 'run also what has not changed' },
  { flags: '--explain', description: 'say of each node why it runs or is reused' },
  { flags: '-x, --fail-fast', description: 'stop at the first failure' },
  { flags: '--threads <n>', description: 'nodes at a time' },
  { flags: '--lock <mode>', description: 'a node that another run builds: wait (default) or fail' },
  {
    flags: '--as-of <when>',
    description: 'the day that counts as today, or the moment that counts as now (UTC)',
  },
  {
    flags: '--openlineage <to>',
    description: 'tell the run as OpenLineage events to a file or a URL',
  },
  ...EVENT_TIMES,
]

/** What decides a plan. How a run goes about it does not. */
const PLANNED =
  /^-s|--(?:exclude|jobs|resource|selector|indirect|state|defer|favor|full|allow|store|publish|force|explain|as-of|event-time)/

const DEAD_LETTERS: readonly OptionSpec[] = [
  { flags: '--topic <name>', description: 'only those of a topic' },
  { flags: '--reason <code>', description: 'only those of a reason, such as bad_json' },
]

/** Options that every command takes, before or after its name. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--project-dir <path>',
    description: 'the folder with project.yml; default: here or above',
  },
  { flags: '-t, --target <name>', description: 'the target of project.yml or profiles.yml to use' },
  { flags: '--profile <name>', description: 'the profile of profiles.yml to use' },
  {
    flags: '--profiles-dir <path>',
    description: 'the folder with profiles.yml; default: here, ~/.dbt',
  },
  { flags: '--vars <yaml>', description: "variables over project.yml's: '{key: value}'" },
  { flags: '--log-format <format>', description: 'text (default) or json, one object a line' },
  { flags: '--log-level <level>', description: 'debug, info (default), warn, error or none' },
  { flags: '--target-path <path>', description: 'where artifacts go; default: target' },
  { flags: '--log-path <path>', description: 'where logs go; default: logs' },
  { flags: '--no-write-json', description: 'write no artifacts' },
  { flags: '-q, --quiet', description: 'errors only, and what templates print()' },
  { flags: '--no-print', description: 'show nothing of what templates print()' },
  { flags: '--warn-error', description: 'warnings are errors' },
  {
    flags: '--warn-error-options <yaml>',
    description: "which warnings are: '{error: all, warn: [GM3001], silence: [GM1008]}'",
  },
  { flags: '--no-color', description: 'no colours; NO_COLOR does the same' },
]

/** All commands of gm, in the order of the help. */
const FOLLOW: readonly OptionSpec[] = [
  {
    flags: '--follow',
    description:
      'run again whenever something has landed, and at every tick; now is the clock unless --as-of tells it',
  },
  {
    flags: '--tick <ms>',
    description: 'longest time between two runs of --follow; 1000 when not given',
  },
]

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'demo',
    group: 'Data',
    summary: 'generate events, land them in steps, build, test, show rows',
    options: [
      {
        flags: '--kafka',
        description: 'through a Kafka broker that it starts; needs Java and Maven',
      },
    ],
    examples: [['gm demo', 'what `npm start` does; safe to run again']],
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
  {
    name: 'build',
    group: 'Build',
    summary: 'build seeds, models and snapshots, test all of it',
    options: RUN,
    examples: [
      ['gm build', 'everything'],
      ['gm build -s +fact_sales', 'fact_sales and all that it needs'],
      ['gm build --dry-run', 'what would be done, and why'],
    ],
    load: async () => (await import('./commands/run.ts')).buildCommand,
  },
  {
    name: 'run',
    group: 'Build',
    summary: 'build models',
    options: [...RUN, ...FOLLOW],
    examples: [
      ['gm run -s tag:daily --exclude stg_sales', 'some of the models'],
      ['gm run -s dim_products+ --full-refresh', 'rebuild a model and what follows from it'],
      ['gm run --job dimensions facts', 'jobs by name, seeds and snapshots included'],
      [
        'gm run --follow --select globalmart.realtime+',
        'again at every landing, until interrupted',
      ],
    ],
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  {
    name: 'plan',
    group: 'Look',
    summary: 'show what a build would do, what it changes, and for whom',
    options: [
      ...RUN.filter(({ flags }) => PLANNED.test(flags)),
      { flags: '--sql', description: 'with the SQL of each step' },
      {
        flags: '--diff',
        description: 'build what changed beside the published tables, and compare row by row',
      },
      { flags: '--downstream', description: 'with --diff: also what lies below it' },
      {
        flags: '--against <place>',
        description:
          'with --diff: other tables, of a target, a folder with a manifest.json, or a schema',
      },
      { flags: '--samples <n>', description: 'rows shown of each kind; 3 when not given' },
      { flags: '--limit <n>', description: 'compare about so many rows of a table at most' },
      { flags: '--ignore-columns <column...>', description: 'columns that are not compared' },
      { flags: '--keep', description: 'with --diff: let the new tables stay' },
      { flags: '--output <form>', description: 'text (default), json or markdown' },
      {
        flags: '--detailed-exitcode',
        description: 'exit with 3 when there is something to do, or rows differ',
      },
    ],
    examples: [
      ['gm plan', 'what would run and why, columns that change, what is below them'],
      ['gm plan -s dim_products+ --sql', 'with the statements'],
      ['gm plan --diff --output markdown', 'the rows that a change changes, for a pull request'],
    ],
    load: async () => (await import('./commands/plan.ts')).planCommand,
  },
  {
    name: 'rollback',
    group: 'Build',
    summary: 'take back an atomic publish, while versions are kept',
    options: [
      { flags: '--to <run>', description: 'to what this run published; default: before the last' },
      { flags: '--dry-run', description: 'say what would come back; change nothing' },
      {
        flags: '--allow-destructive',
        description: 'give up also what polling snapshots have seen since',
      },
    ],
    examples: [['gm rollback --dry-run', 'what would come back, or why it cannot']],
    load: async () => (await import('./commands/rollback.ts')).rollbackCommand,
  },
  {
    name: 'seed',
    group: 'Build',
    summary: 'load CSV files of the project that changed',
    options: RUN,
    examples: [['gm seed', 'load all seeds']],
    load: async () => (await import('./commands/run.ts')).seedCommand,
  },
  {
    name: 'snapshot',
    group: 'Build',
    summary: 'bring tables with history up to date',
    options: RUN,
    examples: [['gm snapshot -s dim_products', 'bring one history up to date']],
    load: async () => (await import('./commands/run.ts')).snapshotCommand,
  },
  {
    name: 'test',
    group: 'Build',
    summary: 'run data tests',
    options: RUN,
    examples: [['gm test -s fact_sales', 'the tests on one model']],
    load: async () => (await import('./commands/run.ts')).testCommand,
  },
  {
    name: 'retry',
    group: 'Build',
    summary: 'go on with the last run: what failed or was not come to',
    options: [
      { flags: '--dry-run', description: 'print what would be done and why; change nothing' },
      { flags: '-x, --fail-fast', description: 'stop at the first failure' },
      { flags: '--threads <n>', description: 'nodes at a time' },
    ],
    examples: [['gm retry', 'with the flags, variables and selection of that run']],
    load: async () => (await import('./commands/retry.ts')).retryCommand,
  },
  {
    name: 'reset',
    group: 'Build',
    summary: 'drop what gm has made here, after naming it and asking',
    options: [
      { flags: '--dry-run', description: 'only name what would be dropped' },
      { flags: '--yes', description: 'do not ask' },
      {
        flags: '--allow-destructive',
        description: 'drop also what no run can make again, such as polling snapshots',
      },
    ],
    examples: [['gm reset', 'raw events, and what gm did not make, stay']],
    load: async () => (await import('./commands/reset.ts')).resetCommand,
  },
  {
    name: 'compile',
    group: 'Look',
    summary: 'print or write the SQL as the database gets it',
    options: [
      ...SELECT,
      { flags: '--inline <sql>', description: 'compile this text instead of a node' },
      { flags: '--no-introspect', description: 'never connect; a template that asks is an error' },
      {
        flags: '--as-of <when>',
        description: 'the day that counts as today, or the moment that counts as now (UTC)',
      },
      ...EVENT_TIMES,
    ],
    examples: [
      ['gm compile -s fact_sales', 'print the SQL of one node'],
      ['gm compile', 'write the SQL of all nodes to target/compiled'],
    ],
    load: async () => (await import('./commands/compile.ts')).compileCommand,
  },
  {
    name: 'parse',
    group: 'Look',
    summary: 'check the project without a database',
    examples: [['gm parse', 'errors with their places, or what was found']],
    load: async () => (await import('./commands/parse.ts')).parseCommand,
  },
  {
    name: 'ls',
    group: 'Look',
    aliases: ['list'],
    summary: 'list nodes of the project',
    options: [
      ...SELECT,
      { flags: '--output <form>', description: 'selector (default), name, path or json' },
      { flags: '--output-keys <key...>', description: 'keys of json, such as name config.tags' },
    ],
    examples: [
      ['gm ls -s +rfm_analysis', 'what a model needs'],
      ['gm ls --output json --output-keys name config.materialized', 'for scripts'],
    ],
    load: async () => (await import('./commands/ls.ts')).lsCommand,
  },
  {
    name: 'lineage',
    group: 'Look',
    summary: 'show what a column comes from and what it feeds',
    arguments: [
      { name: '[column]', description: 'model.column; without it, what is known of all' },
    ],
    options: [
      { flags: '--upstream', description: 'only what it comes from' },
      { flags: '--downstream', description: 'only what it feeds' },
      { flags: '--check', description: 'compare all of it with what PostgreSQL analyses' },
      { flags: '--output <form>', description: 'text (default) or json' },
    ],
    examples: [
      ['gm lineage fact_sales.total_amount', 'both ways, back to the raw events'],
      ['gm lineage raw.transactions.payload --downstream --output json', 'for scripts'],
      ['gm lineage --check', 'after a build: does the database see it the same way?'],
    ],
    load: async () => (await import('./commands/lineage.ts')).lineageCommand,
  },
  {
    name: 'lsp',
    group: 'Look',
    summary: 'serve an editor: completion, definitions, hover, errors',
    examples: [['gm lsp', 'started by an editor, over standard input and output']],
    load: async () => (await import('./commands/lsp.ts')).lspCommand,
  },
  {
    name: 'show',
    group: 'Look',
    summary: 'show rows of a node or of a query',
    options: [
      { flags: '-s, --select <selector...>', description: 'the nodes to show' },
      ...SELECT.filter(({ flags }) => /exclude <|selector <|state|defer/.test(flags)),
      { flags: '--inline <sql>', description: 'a query instead of a node; ref() works in it' },
      { flags: '--limit <n>', description: 'rows at most; 5 when not given, -1 for all' },
      { flags: '--output <form>', description: 'table (default) or json' },
      {
        flags: '--as-of <when>',
        description: 'the day that counts as today, or the moment that counts as now (UTC)',
      },
    ],
    examples: [
      ['gm show -s fact_sales --limit 20', 'what the model gives right now'],
      [
        `gm show --inline "select count(*) from {{ ref('fact_sales') }}" --output json`,
        'any query',
      ],
    ],
    load: async () => (await import('./commands/show.ts')).showCommand,
  },
  {
    name: 'docs',
    group: 'Look',
    summary: 'write and serve the documentation site',
    children: [
      {
        name: 'generate',
        summary: 'write the site to target/docs; it opens without a server',
        options: [
          { flags: '--empty-catalog', description: 'do not ask the database' },
          { flags: '--no-compile', description: 'leave out compiled SQL' },
        ],
        examples: [['gm docs generate', 'then open target/docs/index.html']],
        load: async () => (await import('./commands/docs-generate.ts')).docsGenerateCommand,
      },
      {
        name: 'serve',
        summary: 'show the site on this machine',
        options: [
          { flags: '--port <n>', description: '8080 when not given; 0 takes a free one' },
          { flags: '--host <address>', description: '127.0.0.1 when not given' },
        ],
        examples: [['gm docs serve --port 8081', 'until Ctrl-C']],
        load: async () => (await import('./commands/docs-serve.ts')).docsServeCommand,
      },
    ],
  },
  {
    name: 'generate',
    group: 'Data',
    summary: 'make events up from a seed: to files, Kafka or tables',
    options: [
      { flags: '--to <sink>', description: 'files, kafka or raw (tables); files when not given' },
      {
        flags: '--out <folder>',
        description: 'where to write files; those of the same names are replaced',
      },
      {
        flags: '--rate <n>',
        description:
          'to Kafka, events a second, of now; 50 when not given; 0: all of the days at once; or DATA_GEN_EVENTS_PER_SECOND',
      },
      { flags: '--replay <file>', description: 'to Kafka, real transactions of a CSV file' },
      {
        flags: '--time-factor <n>',
        description: 'replay so many times faster; 0: at once, with their own times',
      },
      {
        flags: '--mapping <file>',
        description: 'columns of the replayed file; UCI Online Retail when not given',
      },
      {
        flags: '--system <name>',
        description: 'globalmart, medallion or learning; globalmart when not given',
      },
      { flags: '--events <n>', description: 'events that happen; 100000 when not given' },
      {
        flags: '--start <date>',
        description: 'the first day, YYYY-MM-DD; 2025-01-01 when not given',
      },
      { flags: '--days <n>', description: 'days; 60 when not given' },
      { flags: '--seed <n>', description: 'the same seed gives the same bytes; or DATA_GEN_SEED' },
      { flags: '--users <n>', description: 'up to 10000000; or DATA_GEN_NUM_USERS' },
      { flags: '--products <n>', description: 'up to 250000; or DATA_GEN_NUM_PRODUCTS' },
      {
        flags: '--batches <n>',
        description: 'divide the time into parts, one file per topic each',
      },
      { flags: '--gzip', description: 'compress the files' },
      { flags: '--mix <shares>', description: 'views:cart:transactions; 60:30:10 when not given' },
      {
        flags: '--guests <share>',
        description: 'sessions without a user, 0 to 1; so for all below',
      },
      { flags: '--returns <share>', description: 'purchased lines that come back' },
      { flags: '--duplicates <share>', description: 'events that are sent twice' },
      { flags: '--late <share>', description: 'events that are sent hours or days later' },
      {
        flags: '--disordered <share>',
        description: 'events that are sent up to two minutes later',
      },
      { flags: '--bad-json <share>', description: 'events that are no JSON' },
      {
        flags: '--missing-field <share>',
        description: 'events without a field that must be there',
      },
      { flags: '--blank-field <share>', description: 'events without a field that may be missing' },
    ],
    examples: [
      ['gm generate --to kafka --rate 200', 'live, until Ctrl-C'],
      ['gm generate --to kafka --replay online-retail.csv.gz --time-factor 600', 'a day in 144 s'],
      ['gm generate --to raw --events 1000000 --days 30', 'straight into the raw tables'],
      ['gm generate --out landing --events 100000 --days 60 --seed 7 --batches 4', 'twelve files'],
      [
        'gm ingest file cart-events-topic landing/cart-events-topic-*.jsonl',
        'land those of a topic',
      ],
    ],
    load: async () => (await import('./commands/generate.ts')).generateCommand,
  },
  {
    name: 'ingest',
    group: 'Data',
    summary: 'land raw events',
    children: [
      {
        name: 'file',
        summary: 'from CSV (also gzipped) and JSON lines files',
        arguments: [
          { name: '<topic>', description: 'where the events belong: transactions-topic' },
          { name: '<path...>', description: 'files, in the order to land them' },
        ],
        options: [
          {
            flags: '--mapping <file>',
            description: 'YAML: which column is which field of an event',
          },
        ],
        examples: [
          [
            'gm ingest file transactions-topic retail.csv.gz --mapping ingest/mappings/uci.yml',
            'the same file twice adds nothing',
          ],
        ],
        load: async () => (await import('./commands/ingest-file.ts')).ingestFileCommand,
      },
      {
        name: 'kafka',
        summary: 'from the Kafka topics of ingest.yml, exactly once, until it is stopped',
        options: [{ flags: '--once', description: 'end when what lies in the topics has landed' }],
        examples: [
          ['gm ingest kafka', 'Ctrl-C finishes the transaction at hand'],
          ['gm ingest kafka --log-format json', 'one object a line, for a service; also gm-ingest'],
        ],
        load: async () => (await import('./commands/ingest-kafka.ts')).ingestKafkaCommand,
      },
      {
        name: 'dead-letters',
        summary: 'records that could not be landed',
        children: [
          {
            name: 'list',
            summary: 'list them, the newest first',
            options: [
              ...DEAD_LETTERS,
              { flags: '--all', description: 'those that were landed after all, too' },
              { flags: '--limit <n>', description: 'lines at most; 20 when not given' },
              { flags: '--output <form>', description: 'table (default) or json' },
            ],
            examples: [['gm ingest dead-letters list --reason bad_json', 'those of one kind']],
            load: async () => (await import('./commands/ingest-landed.ts')).deadLettersListCommand,
          },
          {
            name: 'show',
            summary: 'print one with its bytes',
            arguments: [{ name: '<id>', description: 'as list shows it' }],
            load: async () => (await import('./commands/ingest-landed.ts')).deadLettersShowCommand,
          },
          {
            name: 'replay',
            summary: 'try them again, after a change of ingest.yml or of gm; each lands once',
            arguments: [{ name: '[id...]', description: 'as list shows them; all when not given' }],
            options: DEAD_LETTERS,
            examples: [['gm ingest dead-letters replay --topic clicks', 'those of one topic']],
            load: async () =>
              (await import('./commands/ingest-landed.ts')).deadLettersReplayCommand,
          },
        ],
      },
      {
        name: 'prune',
        summary: 'drop old partitions of raw tables (refuses until there is an archive)',
        options: [{ flags: '--older-than <days>', description: 'such as 30d' }],
        examples: [['gm ingest prune --older-than 30d', 'what is in the way, and for whom']],
        load: async () => (await import('./commands/ingest-landed.ts')).ingestPruneCommand,
      },
    ],
  },
  {
    name: 'history',
    group: 'Look',
    summary: 'past runs: when, how long, how they ended',
    options: [
      { flags: '--limit <n>', description: 'runs at most; 20 when not given' },
      { flags: '--output <format>', description: 'table (default) or json' },
    ],
    load: async () => (await import('./commands/history.ts')).historyCommand,
    children: [
      {
        name: 'show',
        summary: 'one run, step by step: rows, durations, reasons, errors',
        arguments: [{ name: '[run]', description: 'the beginning of its id; default: the last' }],
        options: [{ flags: '--output <format>', description: 'table (default) or json' }],
        examples: [['gm history show 3fa2', 'the run whose id begins like this']],
        load: async () => (await import('./commands/history.ts')).historyShowCommand,
      },
      {
        name: 'prune',
        summary: 'forget old runs; tables and marks stay',
        options: [{ flags: '--older-than <days>', description: 'such as 30d' }],
        examples: [['gm history prune --older-than 30d', 'over history_retention_days']],
        load: async () => (await import('./commands/history.ts')).historyPruneCommand,
      },
    ],
  },
  {
    name: 'state',
    group: 'Data',
    summary: 'how far models have read their inputs; who holds old snapshots',
    options: [{ flags: '--output <format>', description: 'table (default) or json' }],
    load: async () => (await import('./commands/state.ts')).stateCommand,
    children: [
      {
        name: 'rebase',
        summary: 'after a restore or clone: make the marks those of this database',
        load: async () => (await import('./commands/state.ts')).stateRebaseCommand,
      },
    ],
  },
  {
    name: 'db',
    group: 'Data',
    summary: 'start, stop or reset the PostgreSQL that comes with gm',
    children: [
      {
        name: 'start',
        summary: 'start it, or find it running',
        load: async () => (await import('./commands/db.ts')).dbStartCommand,
      },
      {
        name: 'stop',
        summary: 'stop it; the data stays',
        load: async () => (await import('./commands/db.ts')).dbStopCommand,
      },
      {
        name: 'status',
        summary: 'whether it runs, and where',
        load: async () => (await import('./commands/db.ts')).dbStatusCommand,
      },
      {
        name: 'url',
        summary: 'print the connection URL, password included',
        examples: [['psql "$(gm db url)"', 'a terminal in the warehouse']],
        load: async () => (await import('./commands/db.ts')).dbUrlCommand,
      },
      {
        name: 'reset',
        summary: 'delete its data and start empty',
        options: [{ flags: '--yes', description: 'do not ask' }],
        load: async () => (await import('./commands/db.ts')).dbResetCommand,
      },
    ],
  },
  {
    name: 'source',
    group: 'Look',
    summary: 'how old the newest rows of sources are',
    children: [
      {
        name: 'freshness',
        summary: 'compare them with warn_after and error_after; write sources.json',
        options: SELECT.filter(({ flags }) => /^-s|^--(?:exclude |selector|state)/.test(flags)),
        examples: [['gm source freshness -s source:raw', 'exit code 1 when one is too old']],
        load: async () => (await import('./commands/source-freshness.ts')).sourceFreshnessCommand,
      },
    ],
  },
  {
    name: 'clone',
    group: 'Build',
    summary: 'put tables of an earlier state into this target',
    options: SELECT.filter(({ flags }) => !/^--(?:jobs|defer|favor-state)/.test(flags)),
    examples: [
      ['gm clone --state prod-artifacts -s config.materialized:incremental', 'before a trial run'],
    ],
    load: async () => (await import('./commands/clone.ts')).cloneCommand,
  },
  {
    name: 'init',
    group: 'Project',
    summary: 'write a new project',
    arguments: [{ name: '[folder]', description: 'where; asked for when not given' }],
    options: [
      { flags: '--template <name>', description: 'minimal (default) or globalmart' },
      { flags: '-y, --yes', description: 'ask nothing' },
    ],
    examples: [['gm init my_project --template minimal', 'a project that builds at once']],
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  {
    name: 'run-operation',
    group: 'Build',
    summary: 'call a macro; its queries may write',
    arguments: [{ name: '<macro>', description: 'its name, or package.name' }],
    options: [{ flags: '--args <yaml>', description: "its arguments: '{role: reporter}'" }],
    examples: [["gm run-operation grant_select --args '{role: reporter}'", 'a macro of yours']],
    load: async () => (await import('./commands/run-operation.ts')).runOperationCommand,
  },
  {
    name: 'debug',
    group: 'Look',
    summary: 'show settings and versions, try the connection',
    examples: [['gm debug --target prod', 'is everything as it should be?']],
    load: async () => (await import('./commands/debug.ts')).debugCommand,
  },
  {
    name: 'deps',
    group: 'Project',
    summary: 'install the packages of packages.yml',
    options: [
      {
        flags: '--upgrade',
        description: 'take new commits of branches and tags, not the locked ones',
      },
    ],
    examples: [['gm deps', 'local folders as links, git repositories at the locked commits']],
    load: async () => (await import('./commands/deps.ts')).depsCommand,
  },
  {
    name: 'clean',
    group: 'Project',
    summary: 'remove artifacts and caches',
    examples: [['gm clean', 'tables and the data of the embedded server stay']],
    load: async () => (await import('./commands/clean.ts')).cleanCommand,
  },
  {
    name: 'completion',
    group: 'Project',
    summary: 'print the script that completes words in your shell',
    arguments: [{ name: '<shell>', description: 'bash, zsh, fish or powershell' }],
    examples: [
      ['gm completion bash > ~/.gm-completion', 'and `source ~/.gm-completion` in ~/.bashrc'],
    ],
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
  {
    name: 'schema',
    group: 'Project',
    summary: 'print the JSON Schema of a YAML file, for editors',
    arguments: [
      { name: '<file>', description: 'project, properties, mapping, ingest or plan; or a topic' },
    ],
    examples: [['gm schema project > .gm/project.schema.json', 'completion in an editor']],
    load: async () => (await import('./commands/schema.ts')).schemaCommand,
  },
]
