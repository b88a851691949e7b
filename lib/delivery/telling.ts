import type { FailedAttempt } from './events.ts';

/**
 * The failures of one transaction as they speak of the relay. A relay that took a recipient is well and has let us in:
 * what it says of another one, or after the final dot, is said of this mail, and maybe in the mail's own words. So there a
 * `relay` reply is no fault and no refused login, but one mail's refusal: only many different mails' refusals in a row,
 * with no acceptance between them, open the breaker. The one mail of a trial is different: a refused mail would close the
 * breaker of a suspended account, so there it is a fault, though never a refused login.
 *
 * @param accepted how many recipients the relay took for good.
 * @param onTrial the mail was the first one that the relay was given since it failed.
 */
export function tellingOfRelay(
  accepted: number,
  failed: readonly FailedAttempt[],
  onTrial = false,
): readonly FailedAttempt[] {
  const tookSomebody = accepted > 0 || failed.some(({ failure }) => failure.phase === 'final-reply');
  if (!tookSomebody) return failed;
  return failed.map((one) => {
    const { failure, classification } = one;
    if (failure.reply === undefined || classification.scope !== 'relay') return one;
    const { rule } = classification;
    if (onTrial && accepted === 0) return { ...one, classification: { scope: 'relay', permanent: false, rule } };
    return { ...one, classification: { scope: 'message', permanent: true, rule } };
  });
}
