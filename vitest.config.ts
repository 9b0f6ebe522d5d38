import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{runner,ingest,bench}/**/*.test.ts'],
          exclude: ['**/*.{pg,kafka,browser}.test.ts', '**/node_modules/**', 'dist/**'],
        },
      },
      {
        test: {
          name: 'pg',
          include: ['{runner,ingest,bench}/**/*.pg.test.ts'],
          globalSetup: ['runner/testing/build-gm.ts', 'runner/testing/start-postgres.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
    ],
  },
})
