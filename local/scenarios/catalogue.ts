import { badCredentials, greylist, slowRelay, throttle } from './relays-that-balk.ts';
import { flapping, relayOutage, staleConnections } from './relays-that-fail.ts';
import type { Scenario } from './scenario.ts';

/** What `npm start -- --scenario NAME` can play, by name. */
export const scenarios: ReadonlyMap<string, Scenario> = new Map([
  ['relay-outage', relayOutage],
  ['slow-relay', slowRelay],
  ['bad-credentials', badCredentials],
  ['greylist', greylist],
  ['throttle', throttle],
  ['flapping', flapping],
  ['stale-connections', staleConnections],
]);
