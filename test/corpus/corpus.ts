import { readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { phases, type SmtpFailure } from '../../lib/outcome/outcome.ts';
import { parseReply } from '../../lib/outcome/reply.ts';

/** Real replies by provider. `adapted` says what was changed in the literal text: addresses, hosts, IPs, line breaks. */
const provider = v.strictObject({
  provider: v.string(),
  /** Where the replies were found, by short name. */
  sources: v.record(v.string(), v.string()),
  replies: v.array(
    v.strictObject({
      phase: v.picklist(phases),
      reused: v.optional(v.literal(true)),
      /** Scope, then `permanent` or `transient` where both occur, then the trait. */
      expect: v.string(),
      source: v.string(),
      adapted: v.optional(v.string()),
      reply: v.string(),
    }),
  ),
});

export type Provider = v.InferOutput<typeof provider>;

export function readCorpus(): readonly Provider[] {
  const here = new URL('.', import.meta.url);
  return readdirSync(here)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => v.parse(provider, JSON.parse(readFileSync(new URL(name, here), 'utf8'))));
}

export function failureOf(entry: Pick<Provider['replies'][number], 'phase' | 'reused' | 'reply'>): SmtpFailure {
  const reply = parseReply(entry.reply);
  if (reply === undefined) throw new Error(`not a well-formed reply: ${entry.reply}`);
  return { phase: entry.phase, reused: entry.reused === true, reply };
}
