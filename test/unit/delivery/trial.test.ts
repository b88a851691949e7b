import { expect, it } from 'vitest';
import { mail, Stage } from '../../support/delivery/stage.ts';

it('an attempt that ends, in whatever way, tells the relays so: a trial that it did not spend is another mail’s', async () => {
  const stage = new Stage();
  const told: string[] = [];
  const ports = stage.ports();
  const relays = { ...ports.relays, attemptEnded: (key: string) => void told.push(key) };
  for (const idempotencyKey of ['delivered', 'unexpected']) stage.publish(mail({ idempotencyKey }));
  const build: typeof ports.build = async ({ key }) => ({ ok: true, message: Buffer.from(key) });
  let connections = 0;
  const connection: typeof relays.connection = async (...asked) => {
    connections += 1;
    if (connections === 2) throw new Error('nobody planned for this');
    return relays.connection(...asked);
  };

  await stage.invoke({ ports: { build, relays: { ...relays, connection } } });

  expect(told.toSorted()).toEqual(['delivered', 'unexpected']);
  expect(stage.sent).toHaveLength(1);
});
