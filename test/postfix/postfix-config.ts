import type { KeyAndCertificate } from '../support/tls.ts';

export interface PostfixOptions {
  readonly certificate: KeyAndCertificate;
  readonly login: { readonly username: string; readonly password: string };
  /** Addresses with a mailbox; every other one of their domains is unknown. `@domain` takes all of a domain. */
  readonly mailboxes: readonly string[];
  /** Mailbox by address, for addresses of domains that this Postfix does not serve. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Port of a policy server (Postfix SMTPD_POLICY_README) that is asked about every recipient. */
  readonly policyPort: number;
}

/** What main.cf says: https://www.postfix.org/postconf.5.html. `user` and `group` own the mailboxes. */
export function mainConfig(
  { mailboxes, policyPort }: PostfixOptions,
  folder: string,
  user: number,
  group: number,
): string {
  const domains = new Set(mailboxes.map((address) => address.slice(address.lastIndexOf('@') + 1)));
  const settings = {
    compatibility_level: '3.6',
    queue_directory: `${folder}/spool`,
    data_directory: `${folder}/data`,
    maillog_file_prefixes: folder,
    maillog_file: `${folder}/log/postfix.log`,
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    myhostname: 'postfix.test',
    mydestination: '',
    mynetworks: '',
    alias_maps: '',
    virtual_alias_maps: `texthash:${folder}/etc/aliases`,
    alias_database: '',
    virtual_mailbox_domains: [...domains].join(', '),
    virtual_mailbox_maps: `texthash:${folder}/etc/mailboxes`,
    virtual_mailbox_base: `${folder}/mail`,
    virtual_uid_maps: `static:${user}`,
    virtual_gid_maps: `static:${group}`,
    virtual_minimum_uid: '1',
    smtpd_tls_security_level: 'encrypt',
    smtpd_tls_auth_only: 'yes',
    smtpd_tls_loglevel: '1',
    smtpd_tls_key_file: `${folder}/etc/key.pem`,
    smtpd_tls_cert_file: `${folder}/etc/cert.pem`,
    smtpd_sasl_auth_enable: 'yes',
    smtpd_sasl_type: 'cyrus',
    smtpd_sasl_path: 'smtpd',
    cyrus_sasl_config_path: `${folder}/etc/sasl`,
    smtpd_delay_reject: 'yes',
    // Postfix slows clients down that make mistakes; ours makes them on purpose.
    smtpd_error_sleep_time: '0',
    smtpd_client_restrictions: 'permit_sasl_authenticated, reject',
    smtpd_recipient_restrictions: `reject_unlisted_recipient, check_policy_service inet:127.0.0.1:${policyPort}, permit_sasl_authenticated, reject`,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

/** https://www.postfix.org/master.5.html; nothing is in a chroot, and nothing can leave the machine. */
export function masterConfig(port: number): string {
  const services: readonly (readonly [string, string, string, string, string])[] = [
    [`127.0.0.1:${port}`, 'inet', 'n', '-', 'smtpd'],
    ['cleanup', 'unix', 'n', '0', 'cleanup'],
    ['qmgr', 'unix', 'n', '1', 'qmgr'],
    ['rewrite', 'unix', '-', '-', 'trivial-rewrite'],
    ['bounce', 'unix', '-', '0', 'bounce'],
    ['defer', 'unix', '-', '0', 'bounce'],
    ['trace', 'unix', '-', '0', 'bounce'],
    ['proxymap', 'unix', '-', '-', 'proxymap'],
    ['error', 'unix', '-', '-', 'error'],
    ['retry', 'unix', '-', '-', 'error'],
    ['virtual', 'unix', '-', '-', 'virtual'],
    ['anvil', 'unix', '-', '1', 'anvil'],
    ['tlsmgr', 'unix', '-', '1', 'tlsmgr'],
    ['postlog', 'unix-dgram', 'n', '1', 'postlogd'],
  ];
  // `virtual` writes as the owner of the mailbox, and so runs as root.
  return services
    .map(([name, type, own, limit, command]) => {
      const unprivileged = command === 'virtual' ? 'n' : '-';
      return `${name} ${type} ${own} ${unprivileged} n ${wakeUp(name)} ${limit} ${command}\n`;
    })
    .join('');
}

function wakeUp(name: string): string {
  if (name === 'qmgr') return '1';
  return name === 'tlsmgr' ? '1000?' : '-';
}
