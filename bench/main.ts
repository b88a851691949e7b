import { failover } from './failover/main.ts';
import { fleet } from './fleet/main.ts';
import { freeze } from './freeze/main.ts';
import { handler } from './handler/main.ts';
import { metrics } from './metrics/main.ts';
import { outage } from './outage/main.ts';
import { rotation } from './rotation/main.ts';
import { telemetry } from './telemetry/main.ts';

/** Each prints its report and gives the exit code: 0 when its conditions hold. */
const experiments: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  handler,
  failover,
  rotation,
  freeze,
  fleet,
  outage,
  metrics,
  telemetry,
};

const [name = 'handler', ...args] = process.argv.slice(2);
const experiment = experiments[name];
if (experiment === undefined) {
  console.error(`There is no experiment "${name}". There are: ${Object.keys(experiments).join(', ')}`);
  process.exitCode = 2;
} else {
  process.exitCode = await experiment(args);
}
