import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'
import { pools } from './test/support/pools.ts'

/** Only for tests that hang: a busy machine takes ten times as long for a test of a second, and generated suites at full size take minutes. */
const testTimeout = process.env.MAYDAY_TEST_SIZE === 'full' ? 3_600_000 : 120_000
const hookTimeout = 180_000

/** Parts of Workers that are functions of values alone: a workerd for each file would take longer than their tests. */
const PURE = ['workers/dashboard/views/**/*.test.ts', 'workers/processor/rules/**/*.test.ts']

/**
 * Three kinds of project. `unit`: pure code in Node. One a stage: the Worker's own tests inside workerd, with real R2, D1, queues
 * and Durable Objects (fakes for other Workers come from test/support/pools.ts). `fleet`: black box over HTTP against the
 * whole fleet; at most two fleets at once, because each is a workerd with ten Workers and a stackwalker.
 */
const stages = Object.entries(pools).map(([stage, pool]) => ({
  plugins: [
    cloudflareTest(async () => ({
      wrangler: { configPath: pool.configPath },
      miniflare: {
        ...pool.miniflare,
        bindings: {
          TEST_MIGRATIONS: await readD1Migrations('./migrations'),
          // workerd has no environment of its own: generated suites take their size and seed from here.
          MAYDAY_TEST_SIZE: process.env.MAYDAY_TEST_SIZE ?? '',
          MAYDAY_SEED: process.env.MAYDAY_SEED ?? '',
        },
      },
    })),
  ],
  test: {
    name: stage,
    include: [`workers/${stage}/**/*.test.{ts,tsx}`],
    exclude: [...PURE],
    // Its modules have import statements and a package.json that says otherwise; bundlers do not mind.
    ...(stage === 'collector' && { deps: { optimizer: { ssr: { enabled: true, include: ['itty-durable'] } } } }),
    testTimeout,
    hookTimeout,
  },
}))

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: ['{shared,cli,scripts}/**/*.test.ts', ...PURE],
          testTimeout,
          hookTimeout,
        },
      },
      ...stages,
      {
        test: {
          name: 'fleet',
          environment: 'node',
          include: ['test/{conformance,clients,faults,security,e2e}/**/*.test.ts'],
          testTimeout,
          hookTimeout,
          maxWorkers: 2,
        },
      },
    ],
  },
})
