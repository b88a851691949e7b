import * as v from 'valibot';

const text = v.string();
const time = v.pipe(v.number(), v.minValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const opened = {
  reason: v.picklist(['relay-faults', 'message-rejections', 'credentials']),
  rule: text,
  openedAt: time,
  reopensAt: time,
  coolDownMs: time,
  rejections: v.array(text),
  refusedVersions: v.array(text),
  unspentTrials: v.exactOptional(count),
  notBefore: v.exactOptional(time),
};

const breaker = v.variant('state', [
  v.looseObject({
    state: v.literal('closed'),
    closedAt: time,
    faults: count,
    faultAt: time,
    rejections: v.array(text),
    rejectedAt: time,
  }),
  v.looseObject({ state: v.literal('open'), ...opened }),
  v.looseObject({
    state: v.literal('half-open'),
    ...opened,
    trial: v.looseObject({ owner: text, startedAt: time, endsAt: time }),
  }),
]);

const probe = v.looseObject({
  status: v.picklist(['healthy', 'degraded', 'offline']),
  factor: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  at: time,
  validUntil: time,
  latencyMs: v.exactOptional(time),
  phasesMs: v.exactOptional(v.record(text, time)),
  lastError: v.exactOptional(text),
  recent: v.exactOptional(v.array(v.picklist(['fast', 'middling', 'slow', 'failed']))),
  failedAt: v.exactOptional(time),
  cause: v.exactOptional(v.picklist(['unreachable', 'login-refused', 'unconfigured'])),
  login: v.exactOptional(v.looseObject({ version: text, at: time, accepted: v.boolean() })),
  unclearLogin: v.exactOptional(v.looseObject({ version: text, at: time, inRow: count, throttled: v.boolean() })),
  version: v.exactOptional(text),
});

const override = v.looseObject({
  mode: v.picklist(['enabled', 'draining', 'disabled']),
  setAt: time,
  reason: v.exactOptional(text),
  expiresAt: v.exactOptional(time),
});

/** What stands in the table, checked when it is read. Unknown attributes are kept: a newer version may have written them. */
export const relayHealthItem = v.looseObject({
  relay: text,
  revision: text,
  changedAt: time,
  breaker,
  probe: v.exactOptional(probe),
  override: v.exactOptional(override),
});
