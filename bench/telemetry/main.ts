import { atMost, verdict } from '../shared/verdict.ts';
import { benchTelemetry } from './run.ts';

const mostOverheadPercent = 5;
const mostEmfBytes = 400;

/** What metrics and log cost the handler. */
export async function telemetry(): Promise<number> {
  console.log('Handler with telemetry and log, and with both doing nothing; batches of ten, alternating rounds');
  const { overhead, withTelemetry, without, emfBytes, logBytes } = await benchTelemetry({ rounds: 150, batches: 8 });
  console.log(`  processor time per mail: ${withTelemetry.toFixed(3)} ms with, ${without.toFixed(3)} ms without`);
  console.log(`  log lines: ${logBytes.toFixed(0)} bytes per mail`);
  return verdict([
    atMost('processor time that telemetry adds', overhead * 100, mostOverheadPercent, ' %'),
    atMost('EMF per mail', emfBytes, mostEmfBytes, ' bytes'),
  ]);
}
