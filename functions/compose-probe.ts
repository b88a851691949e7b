import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import type { ProbeEnvironment } from '../lib/contracts/probe-environment.ts';
import { dynamoDbRelayHealth } from '../lib/health/health-store.ts';
import type { Clock, Random } from '../lib/platform/clock.ts';
import type { ProbeClients } from '../lib/platform/probe-clients.ts';
import { lambdaMapping } from '../lib/probe/lambda-mapping.ts';
import { type RunPorts, runProbes } from '../lib/probe/run.ts';
import { dynamoDbRuns } from '../lib/probe/run-store.ts';
import { probeSettings } from '../lib/probe/settings.ts';
import { createCredentials } from '../lib/relays/credentials.ts';
import { fetchToken } from '../lib/relays/oauth2.ts';
import { createSecretReader } from '../lib/relays/secret-reader.ts';
import { awsCallCounter } from '../lib/telemetry/aws-calls.ts';
import { credentialsObserver } from '../lib/telemetry/credentials-observer.ts';
import { invocationFields } from '../lib/telemetry/invocation.ts';
import { createLog } from '../lib/telemetry/log.ts';
import { logProbe, measureProbe } from '../lib/telemetry/probe-report.ts';
import { createTelemetry } from '../lib/telemetry/telemetry.ts';

export interface ProbeParts {
  readonly environment: ProbeEnvironment;
  readonly clients: ProbeClients;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Prober {
  /** Probes until shortly before the invocation's deadline. */
  handle(context: Pick<Context, 'getRemainingTimeInMillis' | 'awsRequestId'>): Promise<void>;
}

/** Builds everything the probe function needs, once per execution environment. */
export function composeProbe({ environment, clients, clock, random }: ProbeParts): Prober {
  const { POSTROOM_STAGE: stage, POSTROOM_RELAY_HEALTH_TABLE: tableName, POSTROOM_SETTINGS: settings } = environment;
  const telemetry = createTelemetry({ stage, clock });
  const log = createLog({ stage, clock });
  let requestLog = log;
  for (const client of [clients.dynamoDb, clients.lambda, clients.secretsManager]) {
    client.middlewareStack.use(awsCallCounter(telemetry.awsCall));
  }
  const relays = Object.keys(settings.relays);
  const ports: RunPorts = {
    relays,
    store: dynamoDbRelayHealth({
      client: clients.dynamoDb,
      tableName,
      onUnreadable: (relay, error) => ports.report({ type: 'probe-failed', relay, error }),
    }),
    runs: dynamoDbRuns(clients.dynamoDb, tableName),
    mapping: lambdaMapping(clients.lambda, environment.POSTROOM_EVENT_SOURCE_MAPPING),
    credentials: createCredentials({
      secrets: createSecretReader(clients.secretsManager),
      // One session at a time, and none that is kept.
      relays: Object.fromEntries(
        Object.entries(settings.relays).map(([relay, known]) => [relay, { ...known, maxSessions: 1 }]),
      ),
      clock,
      random,
      fetchToken,
      observer: credentialsObserver(telemetry, () => requestLog),
    }),
    settings: probeSettings(settings.probe),
    breaker: settings.breaker,
    clock,
    random,
    newId: randomUUID,
    pause,
    report: (event) => {
      measureProbe(event, telemetry);
      logProbe(event, requestLog);
    },
  };
  return {
    async handle(context) {
      requestLog = log.with(invocationFields(context.awsRequestId, process.env['_X_AMZN_TRACE_ID']));
      try {
        const done = await runProbes(clock.now() + context.getRemainingTimeInMillis(), ports);
        if (done === 'done') telemetry.count('ProbeRuns');
      } finally {
        telemetry.flush();
      }
    },
  };
}
