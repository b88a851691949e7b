import { postfixComesAndGoes } from './outage.ts';
import { startScene } from './scene.ts';
import { tests } from './tests.ts';

/**
 * The local system against a real Postfix, as an organisation's relay would be. Needs Debian's packages postfix,
 * sasl2-bin and libsasl2-modules, and root to start a Postfix of its own; leaves the machine's own one alone.
 */
async function main(): Promise<number> {
  const all = {
    ...tests,
    'Postfix comes and goes during 1,000 mails: nothing lost, nothing repeated': postfixComesAndGoes,
  };
  const scene = await startScene();
  let failed = 0;
  try {
    for (const [name, test] of Object.entries(all)) {
      try {
        await test(scene);
        console.log(`ok   ${name}`);
      } catch (error) {
        failed += 1;
        console.log(`FAIL ${name}:`, error);
      }
    }
    if (failed > 0) console.log([...scene.logs, await scene.postfix.log()].join('\n'));
  } finally {
    await scene.close();
  }
  console.log(`${Object.keys(all).length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
