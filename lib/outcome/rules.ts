import { clientRules, encryptionRules } from './client-rules.ts';
import { limitRules } from './limit-rules.ts';
import { contentRules, greylistRules, mailRules } from './mail-rules.ts';
import { networkRules } from './network-rules.ts';
import { recipientCodeRules, recipientRules } from './recipient-rules.ts';
import type { Rule } from './rule.ts';
import { blockListRules, senderAuthenticationRules, senderRules } from './sender-rules.ts';
import { closingRules, sessionRules } from './session-rules.ts';

/**
 * Every rule, in the order in which they are asked. A narrow rule stands before the broad one whose words it shares; the
 * corpus and the rule-order test hold the order in place.
 */
export const rules: readonly Rule[] = [
  ...networkRules,
  ...greylistRules,
  ...recipientCodeRules,
  ...encryptionRules,
  ...sessionRules,
  ...senderAuthenticationRules,
  ...limitRules,
  ...clientRules,
  ...senderRules,
  ...blockListRules,
  ...mailRules,
  ...recipientRules,
  ...contentRules,
  ...closingRules,
];
