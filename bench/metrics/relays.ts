import { accept, type Behaviour } from '../../local/relays/behaviour.ts';
import { createCertificate } from '../../local/relays/certificate.ts';
import { type FaultProfile, randomFaults } from '../../local/relays/faults.ts';
import { type EmbeddedRelay, startRelay } from '../../local/relays/relay.ts';
import { type RelayTally, tallyDialogue } from './tally.ts';

/** A relay that fails at random, and its own account of what happened. */
export interface WitnessRelay {
  readonly relay: EmbeddedRelay;
  readonly saw: RelayTally & {
    /** Copies it put into its mailbox, also when it hung up before it said so. */
    delivered: number;
    /** Connections it dropped. */
    dropped: number;
    /** Transactions in which it hung up after the final dot. */
    leftInDoubt: number;
  };
}

const profile: FaultProfile = {
  defer: 0.06,
  refuse: 0.03,
  dropBefore: 0.02,
  dropAfterTaken: 0.02,
  dropAfterLost: 0.02,
};

/**
 * Refuses nobody of a mail and then hangs up before the 354: as the sender pipelines, whether it still heard the refusal
 * would be chance, and both would be right.
 */
function audibly(faults: Behaviour): Behaviour {
  const refused = new Set<string>();
  return (moment) => {
    const action = faults(moment);
    if (moment.at === 'rcpt' && action.kind === 'reply') refused.add(mailOf(moment.recipient));
    if (moment.at !== 'data') return action;
    const heard = refused.delete(mailOf(moment.recipients[0] ?? ''));
    return heard ? accept : action;
  };
}

/** Of `r0.000017@chaos.example`, what all recipients of the mail share. */
function mailOf(recipient: string): string {
  return recipient.slice(recipient.indexOf('.'));
}

/** Longer than the run: what ends an idle session here is the sender. */
const idleMs = 3_600_000;

export async function startWitnesses(names: readonly string[], seed: number): Promise<readonly WitnessRelay[]> {
  const certificate = await createCertificate();
  return Promise.all(
    names.map(async (name, index) => {
      const { tally, hear } = tallyDialogue();
      const saw = Object.assign(tally, { delivered: 0, dropped: 0, leftInDoubt: 0 });
      const faults = audibly(randomFaults(profile, seed + index));
      const behaviour: Behaviour = (moment) => {
        const action = faults(moment);
        if (action.kind === 'drop') saw.dropped += 1;
        if (action.kind === 'drop' && moment.at === 'final') saw.leftInDoubt += 1;
        return action;
      };
      const deliver = ({ envelope }: { readonly envelope: { readonly to: readonly string[] } }) => {
        saw.delivered += envelope.to.length;
      };
      return { saw, relay: await startRelay({ name, certificate, deliver, behaviour, idleMs, onDialogue: hear }) };
    }),
  );
}
