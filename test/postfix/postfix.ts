import { type ExecFileOptions, execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mainConfig, masterConfig, type PostfixOptions } from './postfix-config.ts';

const execute = promisify(execFile);

/**
 * A real Postfix of its own: submission with STARTTLS and SASL AUTH on a free loopback port, everything it writes in a
 * temporary directory. Needs root, because Postfix starts as root and gives it up, and Debian's packages postfix,
 * sasl2-bin and libsasl2-modules.
 */
export interface Postfix {
  readonly port: number;
  start(): Promise<void>;
  /** Sessions end wherever they are, the port is closed; what was taken is kept. */
  stop(): Promise<void>;
  /** Mails in the mailbox of that address, as they lie there: LF line ends, Postfix's own header fields first. */
  mails(address: string): Promise<readonly string[]>;
  /** Mails that were taken and lie in no mailbox yet. */
  queued(): Promise<number>;
  log(): Promise<string>;
  close(): Promise<void>;
}

export async function createPostfix(options: PostfixOptions): Promise<Postfix> {
  const folder = await mkdtemp(join(tmpdir(), 'postroom-postfix-'));
  // The parts of Postfix run as another user and must reach their files.
  await chmod(folder, 0o755);
  const at = (...names: readonly string[]): string => join(folder, ...names);
  const port = await freePort();
  const [user, group] = await Promise.all([idOf('postfix', '-u'), idOf('postfix', '-g')]);
  // Debian's Postfix looks for SASL settings beside its own.
  for (const name of ['etc', 'etc/sasl', 'spool', 'data', 'mail', 'log']) await mkdir(at(name));
  for (const name of ['data', 'mail']) await chown(at(name), user, group);
  await writeFile(at('etc', 'main.cf'), mainConfig(options, folder, user, group));
  await writeFile(at('etc', 'master.cf'), masterConfig(port));
  await writeFile(at('etc', 'mailboxes'), options.mailboxes.map((address) => `${address} ${address}/\n`).join(''));
  const aliases = Object.entries(options.aliases).map(([address, mailbox]) => `${address} ${mailbox}\n`);
  await writeFile(at('etc', 'aliases'), aliases.join(''));
  await writeFile(at('etc', 'key.pem'), options.certificate.key, { mode: 0o600 });
  await writeFile(at('etc', 'cert.pem'), options.certificate.cert);
  await createLogins(options, folder, group);
  const control = (command: string): Promise<unknown> => run('postfix', ['-c', at('etc'), command]);
  let running = false;
  const postfix: Postfix = {
    port,
    start: async () => {
      await control('start');
      running = true;
    },
    stop: async () => {
      await control('stop');
      running = false;
    },
    mails: async (address) => {
      const box = at('mail', address, 'new');
      const names = await readdir(box).catch(() => []);
      return Promise.all(names.map((name) => readFile(join(box, name), 'utf8')));
    },
    queued: async () => {
      const queues = ['maildrop', 'incoming', 'active', 'deferred'].map((name) => at('spool', name));
      const entries = await Promise.all(
        queues.map((queue) => readdir(queue, { recursive: true, withFileTypes: true })),
      );
      return entries.flat().filter((entry) => entry.isFile()).length;
    },
    log: () => readFile(at('log', 'postfix.log'), 'utf8').catch(() => ''),
    close: async () => {
      if (running) await postfix.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return postfix;
}

/** A SASL database of this Postfix alone (Cyrus SASL auxprop plugin `sasldb`). */
async function createLogins({ login }: PostfixOptions, folder: string, group: number): Promise<void> {
  const database = `${folder}/etc/sasl/sasldb2`;
  const settings = [
    'pwcheck_method: auxprop',
    'auxprop_plugin: sasldb',
    `sasldb_path: ${database}`,
    'mech_list: PLAIN LOGIN CRAM-MD5',
  ];
  await writeFile(`${folder}/etc/sasl/smtpd.conf`, `${settings.join('\n')}\n`);
  const create = run('saslpasswd2', ['-p', '-c', '-f', database, '-u', 'postfix.test', login.username]);
  create.child.stdin?.end(login.password);
  await create;
  await chown(database, 0, group);
  await chmod(database, 0o640);
}

function run(command: string, parameters: readonly string[], options: ExecFileOptions = {}) {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  return execute(command, [...parameters], { ...options, env: { ...process.env, PATH: path } });
}

async function idOf(name: string, what: '-u' | '-g'): Promise<number> {
  const { stdout } = await run('id', [what, name]);
  return Number(String(stdout).trim());
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
