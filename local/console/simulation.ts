import type { RelaySecret } from '../../lib/contracts/relay-secret.ts';
import { type Behaviour, wellBehaved } from '../relays/behaviour.ts';
import type { EmbeddedRelay } from '../relays/relay.ts';
import { scripted } from '../relays/rules.ts';
import { slowToGreet } from '../scenarios/behaviours.ts';
import type { IncidentView, RelayView } from './model.ts';

interface Incident {
  readonly label: string;
  /** What to watch, a sentence. */
  readonly watch: string;
  /** What the relay does meanwhile; absent: `down` and `password` are no behaviours. */
  readonly behaviour?: () => Behaviour;
}

/** What can be rehearsed with an embedded relay. Each lasts until another is chosen; `none` is the repair. */
const incidents = {
  none: { label: 'It is well', watch: '' },
  down: { label: 'Its host is down', watch: 'RelayOffline goes off, and mail takes the other relay.' },
  password: {
    label: 'Its password was changed',
    watch:
      'CredentialsRejected goes off once a mail or a probe has logged in; choosing "It is well" fills in the secret.',
  },
  slow: {
    label: 'It is slow to greet',
    watch: 'Probes find it degraded, and it gets less mail. No alarm: nothing is lost.',
    behaviour: () => slowToGreet(400),
  },
  defer: {
    label: 'It defers every mail (4xx)',
    watch: 'Send mails: they wait and are tried again. With nothing delivered, NothingDelivered goes off.',
    behaviour: () => scripted([{ at: 'rcpt', action: { kind: 'reply', code: 451, text: '4.3.0 Try again later' } }]),
  },
  refuse: {
    label: 'It refuses every mail (5xx)',
    watch: 'Send 50 mails: DeadLettersRejected goes off, and the breaker opens.',
    behaviour: () => scripted([{ at: 'final', action: { kind: 'reply', code: 554, text: '5.7.1 Message refused' } }]),
  },
  silent: {
    label: 'It breaks off after the final dot',
    watch: 'Send 10 mails: nobody knows whether it took them, and UncertainDeliveries goes off.',
    behaviour: () => scripted([{ at: 'final', action: { kind: 'drop', taken: false } }]),
  },
} as const satisfies Readonly<Record<string, Incident>>;

export type IncidentName = keyof typeof incidents;

export const incidentNames = [
  'none',
  'down',
  'password',
  'slow',
  'defer',
  'refuse',
  'silent',
] as const satisfies readonly IncidentName[];

export const incidentViews: readonly IncidentView[] = incidentNames.map((name) => {
  const { label, watch } = incidents[name];
  return { name, label, watch };
});

/** The embedded relays of a run, and the incident that each is in. */
export interface SimulatedRelays {
  /** Undefined: a real relay. */
  stateOf(name: string): RelayView['simulated'];
  /** Ends the incident that the relay is in, and begins another. @throws Error for a relay that is not embedded */
  begin(incident: IncidentName, name: string): Promise<void>;
}

export interface Simulated {
  readonly relays: ReadonlyMap<string, EmbeddedRelay>;
  /** How they behave when they are well, by name. */
  readonly behaviours: Readonly<Record<string, Behaviour>>;
  /** What Secrets Manager's PutSecretValue does. */
  readonly setSecret: (relay: string, secret: RelaySecret) => Promise<void>;
}

export function simulatedRelays({ relays, behaviours, setSecret }: Simulated): SimulatedRelays {
  const current = new Map<string, IncidentName>();

  async function end(name: string, relay: EmbeddedRelay): Promise<void> {
    const incident = current.get(name);
    if (incident === 'down') await relay.comeBack();
    if (incident === 'password') await setSecret(name, relay.secret);
    relay.behave(behaviours[name] ?? wellBehaved);
    current.delete(name);
  }

  return {
    stateOf: (name) => (relays.has(name) ? { incident: current.get(name) ?? 'none' } : undefined),
    begin: async (incident, name) => {
      const relay = relays.get(name);
      if (relay === undefined) throw new Error(`${name} is no embedded relay`);
      await end(name, relay);
      current.set(name, incident);
      const { behaviour }: Incident = incidents[incident];
      if (behaviour !== undefined) relay.behave(behaviour());
      if (incident === 'down') await relay.goDown();
      if (incident === 'password') relay.changePassword();
    },
  };
}
