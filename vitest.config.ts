import { defineConfig } from 'vitest/config'

const PATIENCE = { testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2 }

export default defineConfig({
  test: {
    projects: [
      {
        // Needs nothing but Node.
        test: {
          name: 'unit',
          testTimeout: 30_000,
          include: ['{runner,ingest,bench}/**/*.test.ts'],
          exclude: ['**/*.{pg,gm,kafka,browser}.test.ts', '**/node_modules/**', 'dist/**'],
        },
      },
      {
        // Needs a real PostgreSQL: GM_TEST_PG_URL, or a throw-away cluster that the set-up starts.
        test: {
          name: 'pg',
          include: ['{runner,ingest,bench}/**/*.pg.test.ts'],
          globalSetup: ['runner/testing/start-postgres.ts'],
          sequence: { groupOrder: 1 },
          ...PATIENCE,
        },
      },
      {
        // Runs the built command as a user would, against a real PostgreSQL.
        test: {
          name: 'gm',
          include: ['{runner,ingest}/**/*.gm.test.ts'],
          globalSetup: ['runner/testing/build-gm.ts', 'runner/testing/start-postgres.ts'],
          sequence: { groupOrder: 2 },
          ...PATIENCE,
        },
      },
      {
        // Needs a real Kafka broker, which the set-up starts where Java is there, and a real PostgreSQL.
        test: {
          name: 'kafka',
          include: ['{runner,ingest}/**/*.kafka.test.ts'],
          globalSetup: [
            'runner/testing/build-gm.ts',
            'runner/testing/start-postgres.ts',
            'runner/testing/start-kafka.ts',
          ],
          sequence: { groupOrder: 3 },
          ...PATIENCE,
        },
      },
      {
        // Opens the built docs site in a real Chromium.
        test: {
          name: 'browser',
          include: ['{runner,ingest}/**/*.browser.test.ts'],
          globalSetup: [
            'runner/testing/build-gm.ts',
            'runner/testing/start-postgres.ts',
            'runner/testing/start-chromium.ts',
          ],
          sequence: { groupOrder: 4 },
          ...PATIENCE,
        },
      },
    ],
  },
})
