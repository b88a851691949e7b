import { expect, it } from 'vitest';
import { invocationFields } from '../../../lib/telemetry/invocation.ts';

const root = '1-5759e988-bd862e3fe1be46a994272793';

it.each([
  ['a sampled trace', `Root=${root};Parent=53995c3f42cd8ad8;Sampled=1`, { traceId: root }],
  [
    'a sampled trace with lineage',
    `Root=${root};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=25:a87bd80c:1`,
    { traceId: root },
  ],
  ['a trace that nobody keeps', `Root=${root};Parent=53995c3f42cd8ad8;Sampled=0`, {}],
  ['no decision yet', `Root=${root}`, {}],
  ['no tracing', undefined, {}],
  ['something else', 'nonsense', {}],
])('the lines of an invocation with %s', (_what, header, trace) => {
  expect(invocationFields('r-1', header)).toEqual({ requestId: 'r-1', ...trace });
});
