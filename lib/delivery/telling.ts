import type { FailedAttempt } from './events.ts';

/**
 * The failures of one transaction as they speak of the relay. A relay that took a recipient is well and has let us in:
 * what it says of another one, or after the final dot, is said of this mail, and maybe in the mail's own words. So there a
 * `relay` reply is no fault and no refused login, but one mail's refusal: only many different mails' refusals in a row,
 * with no acceptance between them, open the breaker.
 *
 * @param accepted how many recipients the relay took for good.
 */
export function tellingOfRelay(accepted: number, failed: readonly FailedAttempt[]): readonly FailedAttempt[] {
  const tookSomebody = accepted > 0 || failed.some(({ failure }) => failure.phase === 'final-reply');
  if (!tookSomebody) return failed;
  return failed.map((one) => {
    const { failure, classification } = one;
    if (failure.reply === undefined || classification.scope !== 'relay') return one;
    return { ...one, classification: { scope: 'message', permanent: true, rule: classification.rule } };
  });
}
